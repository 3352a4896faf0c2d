# Syncwatch as it is built from this checkout, with the locked packages and nothing else, run by nobody in particular.
FROM python:3.12-slim AS build
WORKDIR /src
RUN python -m venv /opt/syncwatch
COPY requirements/run.lock requirements/
RUN /opt/syncwatch/bin/pip install --no-cache-dir --require-hashes -r requirements/run.lock
COPY pyproject.toml README.md LICENSE ./
COPY config config
COPY src src
RUN /opt/syncwatch/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.12-slim
COPY --from=build /opt/syncwatch /opt/syncwatch
ENV PATH=/opt/syncwatch/bin:$PATH
# What is put where this folder is belongs to the user, so that the journal can be written.
RUN useradd --system --uid 10001 --home-dir /var/lib/syncwatch --create-home syncwatch
USER 10001
WORKDIR /var/lib/syncwatch
EXPOSE 9797
ENTRYPOINT ["syncwatch"]
