// Requests signed by the Node package http-message-signatures, as they are: a second opinion on what is signed.
// Writes ../node.json, or the file that is named.

import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';

// The package is looked for from where this is run.
const { createSigner, httpbis } = createRequire(`${process.cwd()}/`)('http-message-signatures');

const NOW = 1782864000;
const SECRET = Buffer.from('the-first-secret-of-acme-0123456789abcdef');
const BODY = '{"name":"Grace","size":4}';
const digest = (body, name) => `${name}=:${createHash(name.replace('-', '')).update(body).digest('base64')}:`;

const CASES = [];

async function one(name, request, verdict = 'pass') {
    const { method = 'GET', target = '/things', headers = {}, body, fields, params, secret = SECRET } = request;
    const all = { Host: 'gate.test', ...headers };
    if (body !== undefined) {
        Object.assign(all, { 'Content-Type': 'application/json', 'Content-Length': String(body.length) });
    }
    const config = {
        key: createSigner(secret, 'hmac-sha256', 'acme-1'),
        name: 'node',
        fields: fields ?? ['@method', '@authority', '@path', '@query'],
        params: params ?? ['created', 'keyid', 'alg'],
        paramValues: { created: new Date(NOW * 1000), expires: new Date((NOW + 60) * 1000), nonce: 'abc' },
    };
    const message = await httpbis.signMessage(config, { method, url: `http://gate.test${target}`, headers: all });
    const lines = Object.entries(message.headers).flatMap(([field, value]) =>
        [value].flat().map((single) => `${field}: ${single}\r\n`),
    );
    CASES.push({ name, verdict, request: `${method} ${target} HTTP/1.1\r\n${lines.join('')}\r\n${body ?? ''}` });
}

const DIGEST = ['@method', '@authority', '@path', 'content-digest'];
const post = (of, algorithm) => ({
    method: 'POST',
    body: BODY,
    headers: { 'Content-Digest': digest(of, algorithm) },
    fields: DIGEST,
});
await one('path and query', { target: '/things?a=1&b=%C3%BC' });
await one('without a query', { fields: ['@method', '@authority', '@path'] });
await one('the target URI', { target: '/things?a=1', fields: ['@method', '@authority', '@target-uri', '@scheme'] });
await one('the request target', { target: '/things?a=1', fields: ['@request-target', '@authority', '@method'] });
await one('all parameters', { target: '/things?x', params: ['keyid', 'alg', 'created', 'expires', 'nonce'] });
await one('fields', {
    target: '/things?x',
    headers: { Date: 'Wed, 01 Jul 2026 00:00:00 GMT', 'X-List': ['a', 'b, c'] },
    fields: ['x-list', '@method', '@authority', '@path', '@query', 'date'],
});
await one('a body by SHA-256', post(BODY, 'sha-256'));
await one('a body by SHA-512', post(BODY, 'sha-512'));
await one('another body', post(`${BODY} `, 'sha-256'), 'digest_mismatch');
const other = Buffer.from('another-secret-of-nobody-0123456789abcdef');
await one('another secret', { target: '/things?x', secret: other }, 'it does not verify');
await one('no target', { fields: ['@method', '@authority'] }, 'none of @request-target');
await one('no created', { target: '/things?x', params: ['keyid', 'alg'] }, 'created is missing');

const corpus = { now: NOW, by: 'http-message-signatures 1.0.6 (Node)', cases: CASES };
writeFileSync(process.argv[2] ?? new URL('../node.json', import.meta.url), `${JSON.stringify(corpus, null, 1)}\n`);
console.log(`${CASES.length} cases`);
