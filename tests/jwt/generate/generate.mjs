// Makes tests/jwt/tokens/valid_node.json, and tells what Node's libraries make of every case.
//
//     node generate.mjs tokens             valid_node.json
//     node generate.mjs check >FILE        {"jose": {NAME: "accept" or why not}, "jsonwebtoken": {...}}
//
// Both packages are looked for in the folder that NODE_PACKAGES names, which has node_modules.

import { createPrivateKey, createPublicKey, createSecretKey } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

const require = createRequire(pathToFileURL(`${process.env.NODE_PACKAGES}/`))
const jose = await import(pathToFileURL(require.resolve('jose')))
const jsonwebtoken = require('jsonwebtoken')
const version = (name) =>
  JSON.parse(readFileSync(`${process.env.NODE_PACKAGES}/node_modules/${name}/package.json`)).version

const here = new URL('.', import.meta.url)
const tokens = new URL('../tokens/', here)
const PRIVATE = JSON.parse(readFileSync(new URL('keys.json', here))).keys
const NOW = 1900000000
const CLAIMS = {
  iss: 'https://id.example.com/',
  sub: 'alice',
  aud: 'crm',
  exp: NOW + 300,
  iat: NOW - 10,
  scope: 'crm.read crm.write',
}
const SIGNERS = {
  RS256: 'rsa-b', RS384: 'rsa-b', RS512: 'rsa-b', PS256: 'rsa-b', PS384: 'rsa-b', PS512: 'rsa-b',
  ES256: 'p256-b', ES384: 'p384-b', EdDSA: 'ed25519-b',
  HS256: 'secret-32', HS384: 'secret-48', HS512: 'secret-64',
}

const secretOf = (jwk) => createSecretKey(Buffer.from(jwk.k, 'base64url'))
const privateKey = (name) =>
  PRIVATE[name].kty === 'oct' ? secretOf(PRIVATE[name]) : createPrivateKey({ key: PRIVATE[name], format: 'jwk' })

function publicSource(name) {
  const { d, p, q, dp, dq, qi, ...jwk } = PRIVATE[name]
  return jwk.kty === 'oct' ? { secret: jwk.k } : { jwks: { keys: [{ ...jwk, kid: name }] } }
}

async function makeTokens() {
  const file = {
    source: `jose ${version('jose')}, jsonwebtoken ${version('jsonwebtoken')}, on Node ${process.versions.node.split('.')[0]}`,
    keys: {},
    policies: {},
    cases: [],
  }
  for (const [algorithm, key] of Object.entries(SIGNERS)) {
    file.keys[key] = publicSource(key)
    file.policies[algorithm] = {
      algorithms: [algorithm], issuer: CLAIMS.iss, audience: ['crm'], leeway_seconds: 30, typ: null, required: [],
      principal: 'sub', max_token_bytes: 8192, now: NOW,
    }
    const header = { alg: algorithm, kid: key, typ: 'JWT' }
    const made = { jose: await new jose.SignJWT(CLAIMS).setProtectedHeader(header).sign(privateKey(key)) }
    // jsonwebtoken knows no EdDSA.
    if (algorithm !== 'EdDSA') made.jsonwebtoken = jsonwebtoken.sign(CLAIMS, privateKey(key), { algorithm, header })
    for (const [library, token] of Object.entries(made)) {
      file.cases.push({
        name: `valid ${algorithm} by ${library}`, keys: key, policy: algorithm, token, expect: 'accept', principal: 'alice',
        scopes: ['crm.read', 'crm.write'],
      })
    }
  }
  writeFileSync(new URL('valid_node.json', tokens), JSON.stringify(file, null, 2) + '\n')
}

// What somebody gets who uses the library as its documentation shows: the key by its kid, or else each key.
function candidates(source, token) {
  if (source.secret !== undefined) return [Buffer.from(source.secret, 'base64url')]
  if (source.pem !== undefined) return [source.pem]
  let kid
  try {
    kid = JSON.parse(Buffer.from(token.split('.')[0], 'base64url')).kid
  } catch {}
  return source.jwks.keys.filter((jwk) => kid === undefined || jwk.kid === undefined || jwk.kid === kid)
}

async function byJose(token, source, policy) {
  const options = {
    algorithms: policy.algorithms,
    clockTolerance: policy.leeway_seconds,
    currentDate: new Date(policy.now * 1000),
    requiredClaims: ['exp', ...policy.required],
    ...(policy.issuer !== null && { issuer: policy.issuer }),
    ...(policy.audience !== null && { audience: policy.audience }),
    ...(policy.typ !== null && { typ: policy.typ }),
  }
  if (source.jwks === undefined) {
    const key = source.pem === undefined ? Buffer.from(source.secret, 'base64url') : createPublicKey(source.pem)
    return jose.jwtVerify(token, key, options)
  }
  const set = jose.createLocalJWKSet(source.jwks)
  try {
    return await jose.jwtVerify(token, set, options)
  } catch (error) {
    if (error?.code !== 'ERR_JWKS_MULTIPLE_MATCHING_KEYS') throw error
    let last = error
    for await (const key of error) {
      try {
        return await jose.jwtVerify(token, key, options)
      } catch (inner) {
        last = inner
      }
    }
    throw last
  }
}

function byJsonwebtoken(token, source, policy) {
  const options = {
    algorithms: policy.algorithms,
    clockTolerance: policy.leeway_seconds,
    clockTimestamp: policy.now,
    ...(policy.issuer !== null && { issuer: policy.issuer }),
    ...(policy.audience !== null && { audience: policy.audience }),
  }
  let last = new Error('no key')
  for (const candidate of candidates(source, token)) {
    try {
      const key =
        Buffer.isBuffer(candidate) || typeof candidate === 'string'
          ? candidate
          : candidate.kty === 'oct' ? secretOf(candidate) : createPublicKey({ key: candidate, format: 'jwk' })
      return jsonwebtoken.verify(token, key, options)
    } catch (error) {
      last = error
    }
  }
  throw last
}

async function check() {
  const verdicts = { jose: {}, jsonwebtoken: {} }
  for (const name of readdirSync(tokens).sort()) {
    const file = JSON.parse(readFileSync(new URL(name, tokens)))
    for (const test of file.cases) {
      if (test.token === undefined) continue
      const [source, policy] = [file.keys[test.keys], file.policies[test.policy]]
      for (const [library, verify] of [['jose', byJose], ['jsonwebtoken', byJsonwebtoken]]) {
        try {
          await verify(test.token, source, policy)
          verdicts[library][test.name] = 'accept'
        } catch (error) {
          verdicts[library][test.name] = `${error?.code ?? error?.name}: ${error?.message}`
        }
      }
    }
  }
  process.stdout.write(JSON.stringify(verdicts, null, 1) + '\n')
}

const does = { tokens: makeTokens, check }[process.argv[2]]
if (does === undefined) {
  console.error('generate.mjs tokens | check')
  process.exit(2)
}
await does()
