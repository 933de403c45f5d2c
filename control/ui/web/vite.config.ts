import { defineConfig } from "vitest/config";
import { licenses } from "./licenses";

// RINGWALL_SERVER=https://10.0.9.1:8443 npm run dev: the pages from here, the API from there.
const server = process.env.RINGWALL_SERVER;

export default defineConfig({
  base: "./",
  plugins: [licenses()],
  esbuild: { jsx: "automatic", jsxImportSource: "preact", legalComments: "none" },
  build: {
    outDir: "../dist",
    emptyOutDir: true,
    target: "es2021",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  worker: { format: "es" },
  server: server ? { proxy: { "/api": { target: server, secure: false } } } : {},
  test: { environment: "happy-dom", include: ["test/**/*.test.{ts,tsx}"] },
});
