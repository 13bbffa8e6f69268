// A WebSocket server of the ws library: what a client asks for by its path, it does.
// Options: deflate, what ws takes as perMessageDeflate; protocol, the subprotocol to choose, or false to refuse.
import { WebSocketServer } from "ws";
import { options, report } from "./talk.mjs";

const { deflate = false, protocol } = options;
const more = protocol === undefined ? {} : { handleProtocols: () => protocol };
const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: deflate, ...more });

const does = {
  text: (socket) => socket.send("größe"),
  binary: (socket) => socket.send(Buffer.from([0, 255, 128, 10])),
  large: (socket) => socket.send(JSON.stringify({ pad: "x".repeat(300_000) })),
  repeated: (socket) => {
    for (let number = 0; number < 200; number += 1) socket.send(JSON.stringify({ number, pad: "lorem ipsum ".repeat(20) }));
  },
  fragments: (socket) => {
    const bytes = Buffer.from('{"größe": "東京"}');
    for (let at = 0; at < bytes.length; at += 1) {
      socket.send(bytes.subarray(at, at + 1), { binary: false, fin: at === bytes.length - 1 });
      if (at === 4) socket.ping("in between");
    }
  },
  echo: (socket) => socket.on("message", (data, binary) => socket.send(data, { binary })),
  close: (socket, code, reason) => socket.close(code === undefined ? undefined : Number(code), reason && decodeURIComponent(reason)),
  terminate: (socket) => socket.terminate(),
};

server.on("listening", () => report({ port: server.address().port }));
server.on("headers", (headers) => report({ agreed: headers.find((line) => line.includes("Extensions")) ?? "" }));
server.on("connection", (socket, request) => {
  socket.on("ping", () => report({ ping: true }));
  socket.on("error", () => {});
  for (const order of request.url.slice(1).split("/")) {
    const [name, ...given] = order.split(":");
    does[name]?.(socket, ...given);
  }
});
