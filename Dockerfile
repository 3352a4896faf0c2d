# Syncwatch as it is built from this checkout, with the locked packages and nothing else, run by nobody in particular.
# docs/container.md says how to run it.
#
#   docker build --build-arg VERSION=1.2.3 --tag syncwatch:1.2.3 .
FROM python:3.12-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
COPY requirements/build.lock requirements/run.lock ./requirements/
RUN python -m pip install --require-hashes --requirement requirements/build.lock
# Without pip in it: what is run installs nothing. And the same bytes each time: compiled files name no time and are not
# compared with their sources, all files are equally old.
RUN python -m venv --without-pip /opt/syncwatch \
    && python -m pip --python /opt/syncwatch/bin/python install --no-compile --require-hashes --requirement requirements/run.lock \
    && PYTHONHASHSEED=0 python -m compileall -q -f --invalidation-mode unchecked-hash /opt/syncwatch/lib \
    && find /opt/syncwatch -exec touch --no-dereference --date @0 {} +
COPY LICENSE README.md pyproject.toml ./
COPY config/vocabulary.txt ./config/
COPY config/panels ./config/panels
COPY config/rules ./config/rules
COPY src ./src
# There is no history here to take the version from.
ARG VERSION=0.0.0
RUN SETUPTOOLS_SCM_PRETEND_VERSION="$VERSION" \
    python -m pip wheel --no-index --no-deps --no-build-isolation --wheel-dir /dist . \
    && python -m pip --python /opt/syncwatch/bin/python install --no-compile --no-index --no-deps /dist/*.whl \
    && PYTHONHASHSEED=0 python -m compileall -q -f --invalidation-mode unchecked-hash \
        /opt/syncwatch/lib/python3*/site-packages/syncwatch \
    && find /opt/syncwatch -newermt @0 -exec touch --no-dereference --date @0 {} +

FROM python:3.12-slim
# The user, the folder of the journal, which is all that is the user's, and no pip of the base either.
RUN echo "syncwatch:x:10001:10001::/var/lib/syncwatch:/usr/sbin/nologin" >> /etc/passwd \
    && echo "syncwatch:x:10001:" >> /etc/group \
    && install --directory --owner 10001 --group 10001 --mode 0700 /var/lib/syncwatch \
    && rm -rf /usr/local/bin/pip* /usr/local/lib/python3.*/ensurepip \
        /usr/local/lib/python3.*/site-packages/pip /usr/local/lib/python3.*/site-packages/pip-*
COPY --from=build /opt/syncwatch /opt/syncwatch
# Nothing is written beside the code, which may lie on a root that is read-only.
ENV PATH=/opt/syncwatch/bin:$PATH PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
WORKDIR /var/lib/syncwatch
VOLUME /var/lib/syncwatch
EXPOSE 9797
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s \
    CMD ["syncwatch", "healthy", "/etc/syncwatch/syncwatch.yaml"]
ENTRYPOINT ["syncwatch"]
CMD ["run", "--config", "/etc/syncwatch/syncwatch.yaml"]
# Last, because they change with each commit.
ARG VERSION=0.0.0
ARG REVISION=""
ARG SOURCE=""
LABEL org.opencontainers.image.title="syncwatch" \
    org.opencontainers.image.description="Watches the calendar sync of many Litify Inbox tenants and says which firm, why, whose job it is and what to do." \
    org.opencontainers.image.licenses="Apache-2.0" \
    org.opencontainers.image.source="$SOURCE" \
    org.opencontainers.image.version="$VERSION" \
    org.opencontainers.image.revision="$REVISION"
