// What a page with openvidu-browser needs of Chromium, and of who serves it.
import { readFile, readdir } from "node:fs/promises";
import { createServer } from "node:http";

/** Lets a page have Chromium's own camera and microphone, and whatever certificate a lab has. */
export const ARGUMENTS = [
  "--no-sandbox",
  "--ignore-certificate-errors",
  "--use-fake-ui-for-media-stream",
  "--use-fake-device-for-media-stream",
  "--autoplay-policy=no-user-gesture-required",
  "--allow-loopback-in-peer-connection",
];

/** The script of an installed openvidu-browser, whose folder is given. */
export async function client(folder) {
  const scripts = new URL("static/js/", folder);
  const bundle = (await readdir(scripts)).find((name) => name.endsWith(".min.js"));
  return readFile(new URL(bundle, scripts));
}

/** Serves a page with scripts, in their order; camera and microphone want one of this machine, or HTTPS. */
export async function serve(scripts) {
  const names = Object.keys(scripts).map((name) => `<script src="${name}"></script>`);
  const page = `<!doctype html><title>call</title>${names.join("")}`;
  const server = createServer(({ url }, response) => {
    const script = scripts[url.slice(1)];
    response.setHeader("Content-Type", script ? "text/javascript" : "text/html");
    response.end(script ?? page);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, address: `http://localhost:${server.address().port}/` };
}
