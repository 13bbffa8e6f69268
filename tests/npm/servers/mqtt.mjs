// An MQTT broker: on port over TCP, on wsPort over WebSocket; with cert and key, over TLS on port.
// User ana needs the password; nobody may subscribe below private/. Over HTTP on wsPort, GET tells what each client is
// subscribed to and from which port it comes, and POST publishes.
import { readFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { Aedes } from "aedes";
import { WebSocketServer, createWebSocketStream } from "ws";
import { options, report } from "./talk.mjs";

const { port, wsPort, password, cert, key } = options;
const broker = await Aedes.createBroker({ queueLimit: 1000 });

broker.authenticate = (client, username, given, done) => {
  if (username !== "ana" || given?.toString() === password) return done(null, true);
  const error = new Error("wrong password");
  error.returnCode = 4;
  done(error, null);
};
broker.authorizeSubscribe = (client, wanted, done) => done(null, wanted.topic.startsWith("private/") ? null : wanted);

const web = createHttpServer(async (request, response) => {
  const clients = Object.values(broker.clients).filter((client) => client.connected);
  if (request.method === "GET") {
    return response.end(JSON.stringify(clients.map(({ conn, subscriptions }) =>
      ({ port: conn.remotePort, topics: Object.keys(subscriptions) }))));
  }
  const { topic, payload, qos, retain } = JSON.parse(Buffer.concat(await request.toArray()));
  broker.publish({ cmd: "publish", topic, payload: Buffer.from(payload, "base64"), qos, retain }, () => response.end());
});
new WebSocketServer({ server: web }).on("connection", (socket, request) =>
  broker.handle(createWebSocketStream(socket), request));
web.listen(wsPort, "127.0.0.1", () => {
  const server = cert
    ? createTlsServer({ cert: readFileSync(cert), key: readFileSync(key) }, broker.handle)
    : createServer(broker.handle);
  server.listen(port, "127.0.0.1", () => report({ port: server.address().port }));
});
