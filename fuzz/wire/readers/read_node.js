// What Node's HTTP server, that is llhttp, makes of the bytes of a connection: a line of hexadecimal digits
// in, a line of JSON out.
'use strict';

const { createHash } = require('node:crypto');
const http = require('node:http');
const readline = require('node:readline');
const { Duplex } = require('node:stream');

const server = http.createServer({
  insecureHTTPParser: false,
  // It would leave out the request and go on with the next one; that there is a host is for others to say.
  requireHostHeader: false,
  maxHeaderSize: 256 << 10,
  keepAliveTimeout: 0,
  requestTimeout: 0,
  headersTimeout: 0,
  connectionsCheckingInterval: 1 << 30,
});
server.maxHeadersCount = 0;
server.timeout = 0;
server.httpAllowHalfOpen = true;

// Requests are noted and never answered: Node reads what is behind them all the same.
const note = (request) => {
  const { rawHeaders } = request;
  const fields = [];
  for (let at = 0; at < rawHeaders.length; at += 2) fields.push([rawHeaders[at], rawHeaders[at + 1]]);
  const seen = { request, fields, data: [] };
  request.socket.seen.push(seen);
  request.on('data', (data) => seen.data.push(data));
  request.on('error', () => {});
};
server.on('request', note);
server.on('checkContinue', note);
server.on('checkExpectation', note);
server.on('connect', (request, socket) => {
  socket.why ??= 'CONNECT';
});
server.on('clientError', (fault, socket) => {
  socket.why ??= fault.code ?? String(fault);
});

function told({ request, fields, data }) {
  const body = Buffer.concat(data);
  const hash = createHash('sha256').update(body).digest('hex').slice(0, 16);
  const { method, url: target, httpVersion: version, complete: done } = request;
  return { method, target, version, fields, length: body.length, hash, done };
}

async function turns(count) {
  for (let turn = 0; turn < count; turn += 1) await new Promise(setImmediate);
}

async function read(sample) {
  const socket = new Duplex({
    read() {},
    write(_data, _encoding, done) {
      done();
    },
  });
  socket.seen = [];
  socket.setTimeout = () => socket;
  socket.setKeepAlive = () => socket;
  socket.setNoDelay = () => socket;
  socket.on('error', () => {});
  server.emit('connection', socket);
  if (sample.length > 0) socket.push(sample);
  // The end of the bytes cuts off bodies that were read and not yet taken.
  await turns(2);
  socket.push(null);
  await turns(2);
  const messages = socket.seen.map(told);
  socket.destroy();
  if (socket.why === 'HPE_INVALID_EOF_STATE') return { messages, end: 'incomplete', why: socket.why };
  if (socket.why === 'HPE_CLOSED_CONNECTION') return { messages, end: 'closed', why: socket.why };
  if (socket.why) return { messages, end: 'refused', why: socket.why };
  return { messages, end: messages.every(({ done }) => done) ? 'clean' : 'incomplete' };
}

(async () => {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    process.stdout.write(`${JSON.stringify(await read(Buffer.from(line, 'hex')))}\n`);
  }
  process.exit(0);
})();
