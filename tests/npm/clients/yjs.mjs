// A program of Yjs as people write them: yjs and y-websocket as they come, which edits as it is told and reports what it has.
// Options: address, session, token.
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";
import { obey, options, report } from "../servers/talk.mjs";

const ROOTS = ["pages", "panes", "rules", "marks", "notes", "resolved", "chat", "room", "meta"];
const doc = new Y.Doc();
for (const root of ROOTS) doc.getMap(root);
const tell = () => report({ doc: Object.fromEntries(ROOTS.map((root) => [root, doc.getMap(root).toJSON()])) });
doc.on("update", tell);
console.warn = (warned) => report({ warned });

const { address, session, token } = options;
const provider = new WebsocketProvider(address, session, doc, { params: token ? { token } : {}, maxBackoffTime: 200 });
provider.on("status", ({ status }) => report({ status }));
provider.on("synced", (synced) => report({ synced }));
provider.on("closed", (closed) => report({ closed }));
provider.on("connection-close", (event) => report({ lost: event?.code ?? null }));

provider.awareness.on("change", () => report({ people: [...provider.awareness.getStates().values()] }));

obey({
  // {root: {id: value}}: values as they are, but for pages, panes and rules, which are maps
  put: (roots) =>
    doc.transact(() => {
      for (const [root, entries] of Object.entries(roots))
        for (const [id, value] of Object.entries(entries))
          doc.getMap(root).set(id, ["pages", "panes", "rules"].includes(root) ? new Y.Map(Object.entries(value)) : value);
    }),
  // {root: {id: {field: value}}}
  change: (roots) =>
    doc.transact(() => {
      for (const [root, entries] of Object.entries(roots))
        for (const [id, fields] of Object.entries(entries))
          for (const [name, value] of Object.entries(fields)) doc.getMap(root).get(id).set(name, value);
    }),
  remove: ({ root, id }) => doc.getMap(root).delete(id),
  look: (state) => provider.awareness.setLocalState(state),
  send: (data) => provider.ws.send(data),
  tell,
  disconnect: () => provider.disconnect(),
  connect: () => provider.connect(),
});
report({ ready: true });
