// A replica of a NodeBB forum: its read API and its sockets in the shapes of NodeBB 3 and 4, on the real Socket.IO
// server. NodeBB itself needs a database. Sessions: "member" is logged in, others are guests.
import { createServer } from "node:http";
import { Server } from "socket.io";
import { listen, obey, options, report } from "./talk.mjs";

const prefix = options.prefix ?? "";
let recent = options.recent ?? { topics: [] };
let status = options.status ?? 200;
const cookie = (request) => /express\.sid=([^;]+)/.exec(request.headers.cookie ?? "")?.[1];
const token = (session) => `token of ${session}`;

const server = createServer((request, response) => {
  const session = cookie(request) ?? "guest";
  const answer = (body, headers = {}) =>
    response.writeHead(200, { "Content-Type": "application/json", ...headers }).end(JSON.stringify(body));
  const path = request.url.slice(prefix.length);
  report({ asked: path });
  if (status !== 200) response.writeHead(status, { "Retry-After": "7" }).end("{}");
  else if (path === "/api/config") {
    const given = cookie(request) ? {} : { "Set-Cookie": `express.sid=${session}; Path=/; HttpOnly` };
    answer({ ...options.config, relative_path: prefix, csrf_token: token(session) }, given);
  } else if (path === "/api/recent") answer(recent);
  else response.writeHead(404).end("{}");
});

const io = new Server(server, {
  path: `${prefix}/socket.io`,
  cookie: false,
  allowRequest: (request, callback) => callback(null, request._query._csrf === token(cookie(request))),
});
io.on("connection", (socket) => {
  const uid = cookie(socket.request) === "member" ? 7 : 0;
  socket.join(uid ? `uid_${uid}` : "online_guests");
  socket.emit("checkSession", uid);
  socket.emit("setHostname", "forum");
  report({ connected: uid });
  socket.on("disconnect", (reason) => report({ left: reason }));
});

obey({
  recent: (given) => { recent = given; },
  status: (given) => { status = given; },
  deliver: async (given) => {
    for (let answers = []; answers.length === 0; await new Promise((resolve) => setTimeout(resolve, 5)))
      answers = await new Promise((resolve) => io.in("uid_7").timeout(300).emit(...given, (error, given) => resolve(given)));
  },
  emit: ([event, ...args]) => io.in("uid_7").emit(event, ...args),
});
listen(server);
