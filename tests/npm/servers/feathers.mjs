// A Feathers server with two services in memory: messages, for those logged in if secret is set, and users.
import { createServer } from "node:http";
import { AuthenticationBaseStrategy, AuthenticationService, JWTStrategy } from "@feathersjs/authentication";
import errors from "@feathersjs/errors";
import { feathers } from "@feathersjs/feathers";
import { MemoryService } from "@feathersjs/memory";
import socketio from "@feathersjs/socketio";
import { listen, obey, options, report } from "./talk.mjs";

const { NotAuthenticated } = errors;
const { secret, page, messages, lifetime } = options;
const app = feathers();
app.configure(socketio(options.engine ?? {}, (io) => io.on("connection", (socket) => {
  report({ connected: socket.conn.transport.name });
  socket.on("disconnect", (reason) => report({ left: reason }));
})));

const paginate = page ? { default: page, max: page } : undefined;
class Messages extends MemoryService {
  async find(params) {
    report({ found: params.query ?? {} });
    const answer = await super.find(params);
    for (const change of during.splice(0)) await change();
    return answer;
  }
}
const during = [];
app.use("messages", new Messages({ id: options.id ?? "id", startId: 1, paginate, multi: true }), { events: ["typing"] });
app.use("users", new MemoryService({ startId: 1, paginate }));
app.use("broken", { async find() { throw new errors.Unavailable("down for maintenance"); } });
app.use("odd", { async find() { return { hello: 1 }; } });

if (secret) {
  class Local extends AuthenticationBaseStrategy {
    async authenticate({ email, password }) {
      if (password !== "right") throw new NotAuthenticated(`Invalid login ${password}`);
      return { authentication: { strategy: "local" }, user: { id: 1, email } };
    }
  }
  app.set("authentication", {
    secret, entity: "user", entityId: "id", service: "users", authStrategies: ["jwt", "local"],
    jwtOptions: { expiresIn: lifetime ?? "1d", audience: "https://example.com", issuer: "tests", algorithm: "HS256" },
  });
  const authentication = new AuthenticationService(app);
  authentication.register("jwt", new JWTStrategy());
  authentication.register("local", new Local());
  app.use("authentication", authentication);
  app.service("messages").hooks({ before: { find: [async (context) => {
    if (context.params.provider && !context.params.authentication) throw new NotAuthenticated("Not authenticated");
  }] } });
}

app.on("connection", (connection) => app.channel(secret ? "nobody" : "all").join(connection));
app.on("login", (result, { connection }) => connection && app.channel("all").join(connection));
app.publish(() => app.channel("all"));

const act = ([name, ...args]) => app.service("messages")[name](...args);
for (const message of messages ?? []) await act(["create", message]);
if (secret) await app.service("users").create({ name: "ana" });
const server = createServer((request, response) => response.writeHead(404).end());
await app.setup(server);
listen(server);

obey({
  do: async (order) => { await act(order); report({ did: order[0] }); },
  user: ([name, ...args]) => app.service("users")[name](...args),
  during: (changes) => during.push(...changes.map((change) => () => act(change))),
  typing: (item) => app.service("messages").emit("typing", item),
  token: async () => report({ token: await app.service("authentication").createAccessToken({ sub: "1" }) }),
});
