// What the servers share: options, orders and reports as JSON, one a line.
import { createInterface } from "node:readline";

export const options = JSON.parse(process.argv[2] ?? "{}");

export const report = (told) => process.stdout.write(JSON.stringify(told) + "\n");

export const revived = (value) => {
  if (Array.isArray(value)) return value.map(revived);
  if (value === null || typeof value !== "object") return value;
  if ("$bytes" in value) return Buffer.from(value.$bytes, "base64");
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, revived(item)]));
};

export const listen = (server) =>
  server.listen(options.port ?? 0, "127.0.0.1", () => report({ port: server.address().port }));

export const obey = (orders) => {
  const lines = createInterface({ input: process.stdin });
  let last = Promise.resolve();
  lines.on("line", (line) => {
    for (const [name, given] of Object.entries(JSON.parse(line))) last = last.then(() => orders[name](revived(given)));
  });
  lines.on("close", () => process.exit());
};
