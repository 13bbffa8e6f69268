// A Socket.IO server. Its options are Socket.IO's own; token is what its middleware asks for,
// hurry what it says at once, deaf whether upgrades stay unanswered.
import { createServer } from "node:http";
import { Server } from "socket.io";
import { listen, obey, options, report } from "./talk.mjs";

const { port, token, hurry, deaf, ...rest } = options;
const server = createServer((request, response) => response.writeHead(404).end("nothing here"));
const io = new Server(server, rest);

if (deaf) io.engine.handleUpgrade = () => {};

for (const name of ["/", "/desk"]) {
  const space = io.of(name);
  space.use((socket, next) => {
    if (token === undefined || socket.handshake.auth.token === token) return next();
    const error = new Error(`the token ${socket.handshake.auth.token} is not known`);
    error.data = options.status ? { status: options.status } : { why: "auth" };
    next(error);
  });
  space.on("connection", (socket) => {
    const { auth, headers, query } = socket.handshake;
    const way = socket.conn.transport.name;
    report({ connected: { name, auth, headers, query, way, recovered: socket.recovered } });
    socket.on("disconnect", (reason) => report({ left: reason }));
    socket.onAny((event, ...args) => {
      const answer = typeof args.at(-1) === "function" ? args.pop() : () => {};
      report({ heard: [event, ...args] });
      if (event === "subscribe") answer(null, { room: args[0], count: 2 });
      else if (event === "refuse") answer({ status: "error", message: "no such\nroom" });
      else if (event === "fail") answer({ message: "not allowed", code: 403 }, null);
      else if (event === "nod") answer();
    });
    for (const given of hurry ?? []) socket.emit(...given);
  });
}

// deliver says something until somebody has heard it: a connection that was cut may not be known to be dead yet.
obey({
  emit: ([event, ...args]) => io.emit(event, ...args),
  to: ([name, event, ...args]) => io.of(name).emit(event, ...args),
  flood: ([event, count]) => { for (let number = 0; number < count; number++) io.emit(event, number); },
  volatile: ([event, ...args]) => io.volatile.emit(event, ...args),
  ask: ([event, ...args]) => io.timeout(2000).emit(event, ...args, (error, answers) => report({ acked: answers })),
  deliver: async (given) => {
    for (let answers = []; answers.length === 0; await new Promise((resolve) => setTimeout(resolve, 5)))
      answers = await new Promise((resolve) => io.timeout(300).emit(...given, (error, given) => resolve(given)));
  },
  disconnect: (close) => io.disconnectSockets(close),
  drop: () => io.engine.clients && Object.values(io.engine.clients).forEach((client) => client.close()),
  cut: () => Object.values(io.engine.clients).forEach((client) => client.transport.close()),
});
listen(server);
