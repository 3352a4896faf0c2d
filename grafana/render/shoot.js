// Takes pictures: `node shoot.js JOBS.json`, a list of
//   {dashboard: FILE, picture: FILE.png, prometheus: URL, scrape: seconds, from: ms, to: ms,
//    variables: {name: value}, sections: number}
// Serves what `vite build` made, on loopback, and prints one line of JSON for each panel, with what it shows. All
// panels are drawn; the picture shows as many sections (rows of Grafana) as are asked for, or all.

import { readFile, writeFile } from "node:fs/promises";
import { chromium } from "playwright-core";
import UPNG from "upng-js";
import { preview } from "vite";

const WIDTH = 1440;
const HEAD = 56;
const CELL = 38;
const GAP = 8;
const COLOURS = 256;
const LIMIT = 60_000; // milliseconds for one page

async function shoot(browser, address, job) {
  const dashboard = JSON.parse(await readFile(job.dashboard, "utf8"));
  const [height, shown] = heights(dashboard, job.sections);
  const page = await browser.newPage({ viewport: { width: WIDTH, height } });
  page.on("pageerror", (error) => console.error(`${job.dashboard}: ${error.message}`));
  await page.addInitScript((value) => (window.dashboard = value), dashboard);
  const { prometheus, scrape, from, to, theme = "dark", variables = {} } = job;
  const query = new URLSearchParams({ prometheus, scrape, from, to, theme });
  for (const [name, value] of Object.entries(variables)) query.append(`var-${name}`, value);
  await page.goto(`${address}?${query}`);
  await page.waitForFunction(() => window.drawn, undefined, { timeout: LIMIT });
  for (const panel of await page.evaluate(() => window.drawn)) console.log(JSON.stringify(panel));
  const clip = { x: 0, y: 0, width: WIDTH, height: shown };
  await writeFile(job.picture, small(await page.screenshot({ clip })));
  await page.close();
}

/** In pixels: of the whole dashboard, and of its first sections. */
function heights({ panels }, sections = Infinity) {
  const bottom = Math.max(...panels.map(({ gridPos }) => gridPos.y + gridPos.h));
  const ends = panels.filter(({ type }) => type === "row").map(({ gridPos }) => gridPos.y);
  return [bottom, ends[sections] ?? bottom].map((rows) => HEAD + rows * CELL + GAP);
}

/** The same picture with a palette: a third of the size, and a dashboard has few colours. */
function small(png) {
  const picture = UPNG.decode(png.buffer.slice(png.byteOffset, png.byteOffset + png.byteLength));
  const frames = UPNG.toRGBA8(picture);
  return Buffer.from(UPNG.encode(frames, picture.width, picture.height, COLOURS));
}

const jobs = JSON.parse(await readFile(process.argv[2], "utf8"));
const server = await preview({
  root: import.meta.dirname,
  logLevel: "warn",
  preview: { host: "127.0.0.1", port: 0 },
});
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM,
  chromiumSandbox: process.getuid() !== 0, // Chromium has none for root
  args: ["--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-sync"],
});
try {
  for (const job of jobs) await shoot(browser, server.resolvedUrls.local[0], job);
} finally {
  await browser.close();
  await server.close();
}
