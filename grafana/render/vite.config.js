import { defineConfig } from "vite";

// The library asks for its icons where a Grafana server would have them.
const icons = {
  name: "icons",
  configurePreviewServer(server) {
    server.middlewares.use((request, _response, next) => {
      request.url = request.url.replace(/^\/build\/img\//, "/img/");
      next();
    });
  },
};

export default defineConfig({
  esbuild: { jsx: "automatic" },
  publicDir: "node_modules/@grafana/ui/dist/public",
  plugins: [icons],
  build: { chunkSizeWarningLimit: 10_000 },
});
