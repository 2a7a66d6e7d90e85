// Clients of the npm package mqtt for tests in another language: one order per line on stdin, one answer or message per
// line on stdout. Debian installs the package where node does not look by itself.
const mqtt = require("mqtt");
const fs = require("fs");
const readline = require("readline");

const clients = new Map();
const say = (value) => process.stdout.write(JSON.stringify(value) + "\n");
const read = (name) => (name ? fs.readFileSync(name) : undefined);
const unpack = (message) => ({ ...message, payload: Buffer.from(message.payload, "base64") });

const orders = {
  open({ client, options, ca, cert, key, will }, done) {
    const made = mqtt.connect({
      ...options, clientId: client, reconnectPeriod: 0, ca: read(ca), cert: read(cert), key: read(key),
      will: will ? unpack(will) : undefined,
    });
    clients.set(client, made);
    made.once("connect", () => done());
    made.on("error", (error) => done(error));
    made.on("close", () => done(new Error("closed")));
    made.on("message", (topic, payload, { qos, retain }) =>
      say({ client, topic, payload: payload.toString("base64"), qos, retain }));
  },
  subscribe({ client, filters, qos }, done) {
    clients.get(client).subscribe(filters, { qos }, (error, granted) =>
      done(error || (granted.every((one) => one.qos === qos) ? null : new Error(JSON.stringify(granted)))));
  },
  publish({ client, messages }, done) {
    let left = messages.length;
    for (const { topic, payload, qos, retain } of messages.map(unpack)) {
      clients.get(client).publish(topic, payload, { qos, retain }, (error) => {
        left -= 1;
        if (error || left === 0) done(error);
      });
    }
  },
  close({ client, force }, done) {
    clients.get(client).end(force, {}, () => done());
    clients.delete(client);
  },
};

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const order = JSON.parse(line);
  let isDone = false;
  orders[order.order](order, (error) => {
    if (!isDone) say({ id: order.id, error: error ? String(error) : null });
    isDone = true;
  });
}).on("close", () => process.exit(0));
