import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { RateLimitError, ServerError, TimeoutError, ConnectionError } from '../../src/index.js';
import { retryDelay } from '../../src/core/retry.js';
import { Transport } from '../../src/core/transport.js';
import { always, inTurn, serve, user, type Reply } from '../server.js';

const now: Reply = { status: 503, headers: { 'retry-after': '0' } };
const broken: Reply = (response) => response.destroy();

for (const status of [408, 429, 502, 503, 504]) {
  test(`${status} is tried again`, async (t) => {
    const server = await inTurn(t, { status, headers: { 'retry-after': '0' } }, { json: user });
    assert.deepEqual(await server.client().users.get('018f'), user);
    assert.equal(server.seen.length, 2);
  });
}

for (const status of [400, 404, 409, 422, 500, 501]) {
  test(`${status} is not`, async (t) => {
    const server = await always(t, { status, headers: { 'retry-after': '0' } });
    await assert.rejects(server.client().users.get('018f'));
    assert.equal(server.seen.length, 1);
  });
}

test('a broken connection is tried again', async (t) => {
  const server = await inTurn(t, broken, { json: user });
  assert.deepEqual(await server.client().users.get('018f'), user);
  assert.equal(server.seen.length, 2);
});

test('it gives up after maxRetries, with the last error', async (t) => {
  const server = await always(t, now);
  await assert.rejects(server.client({ maxRetries: 3 }).users.get('018f'), ServerError);
  assert.equal(server.seen.length, 4);
  await assert.rejects(server.client({ maxRetries: 3 }).users.get('018f', { maxRetries: 0 }), ServerError);
  assert.equal(server.seen.length, 5);
});

test('delete is idempotent and tried again', async (t) => {
  const server = await inTurn(t, now, { status: 204 });
  await server.client().users.delete('018f');
  assert.equal(server.seen.length, 2);
});

for (const reply of [now, broken]) {
  test('an update is not: it may have been carried out', async (t) => {
    const server = await always(t, reply);
    await assert.rejects(server.client().users.update('018f', { displayName: 'A' }));
    assert.equal(server.seen.length, 1);
  });

  test('a create is, as the same one: it has a key', async (t) => {
    const server = await inTurn(t, reply, { status: 201, json: user });
    await server.client({ maxRetries: 1 }).users.create({ email: 'a@example.com', displayName: 'A' });
    const keys = server.seen.map((request) => request.headers['idempotency-key']);
    assert.ok(keys[0]);
    assert.deepEqual(keys, [keys[0], keys[0]]);
  });
}

test('an operation with an idempotency key is tried again with the same key', async (t) => {
  const server = await inTurn(t, broken, now, { status: 201, json: user }, { status: 201, json: user });
  const transport = new Transport({ baseUrl: server.baseUrl, authToken: 'secret' });
  const call = { operation: 'things.create', method: 'POST', path: '/v1/users', body: {}, idempotent: true };
  await transport.send(call);
  await transport.send({ ...call, headers: { 'Idempotency-Key': 'mine' } });
  const keys = server.seen.map((request) => request.headers['idempotency-key']);
  assert.match(String(keys[0]), /^[0-9a-f]{32}$/);
  assert.deepEqual(keys, [keys[0], keys[0], keys[0], 'mine']);
});

test('a server that asks for more than a minute is not waited for', async (t) => {
  const server = await always(t, { status: 429, headers: { 'retry-after': '61' } });
  await assert.rejects(server.client().users.get('018f'), RateLimitError);
  assert.equal(server.seen.length, 1);
});

test('retryDelay', () => {
  const answer = (status: number, after?: string) => ({
    status,
    headers: new Headers(after === undefined ? {} : { 'retry-after': after }),
  });
  const failed = { status: undefined, headers: undefined };
  const at = Date.UTC(2026, 0, 1);
  const delay = (attempt: number, what: typeof failed | ReturnType<typeof answer>, random = 0) =>
    retryDelay(attempt, what, at, random);
  assert.deepEqual([0, 1, 2, 5, 9].map((attempt) => delay(attempt, failed)), [250, 500, 1000, 8000, 8000]);
  assert.equal(delay(0, failed, 1), 125, 'random takes up to half');
  assert.equal(delay(0, answer(503)), 250);
  assert.equal(delay(9, answer(503, '2')), 2000);
  assert.equal(delay(0, answer(429, 'Thu, 01 Jan 2026 00:00:07 GMT')), 7000);
  assert.equal(delay(0, answer(429, 'Wed, 31 Dec 2025 23:59:00 GMT')), 0, 'a time past is now');
  assert.equal(delay(0, answer(429, 'soon')), 250, 'nonsense is ignored');
  assert.equal(delay(0, answer(429, '60')), 60_000);
  assert.equal(delay(0, answer(429, '61')), undefined);
  assert.equal(delay(0, answer(404, '1')), undefined);
});

test('no answer in time is a TimeoutError, and tried again', async (t) => {
  const server = await serve(t, () => () => undefined);
  // Counted where they are sent: a busy machine may not have got them to the server by then.
  let sent = 0;
  const client = server.client({ timeout: 20, maxRetries: 1, onRequest: () => void sent++ });
  await assert.rejects(client.users.get('018f'), (error) => {
    assert.ok(error instanceof TimeoutError);
    assert.ok(error instanceof ConnectionError);
    assert.match(error.message, /^GET http.*\/v1\/users\/018f: no answer within 20 ms$/);
    return true;
  });
  assert.equal(sent, 2);
});

test('the timeout covers the body', async (t) => {
  const server = await always(t, (response) => {
    response.writeHead(200);
    response.write('{');
  });
  await assert.rejects(server.client().users.get('018f', { timeout: 50, maxRetries: 0 }), TimeoutError);
});

test('timeout 0 and Infinity set no limit', async (t) => {
  const server = await always(t, { json: user });
  await server.client({ timeout: 0 }).users.get('018f');
  await server.client({ timeout: Infinity }).users.get('018f');
});

// Regression: NaN and negative numbers, such as the rest of a budget that is used up, turned the limit off.
for (const [name, values, message] of [
  ['timeout', [NaN, -1, -Infinity, '5', null], /^timeout takes a number of milliseconds from 0 on/],
  ['maxRetries', [NaN, -1, 1.5, '5', null], /^maxRetries takes a whole number from 0 on/],
] as const) {
  for (const value of values) {
    const bad = { [name]: value } as Record<string, number>;
    test(`${inspect(bad)} is refused, and nothing is sent`, async (t) => {
      const server = await always(t, { json: user });
      assert.throws(() => server.client(bad), { name: 'TypeError', message });
      const { users } = server.client();
      await assert.rejects(users.get('018f', bad), { name: 'TypeError', message });
      await assert.rejects(users.create({ email: 'a@example.com', displayName: 'A' }, bad), { name: 'TypeError', message });
      await assert.rejects(users.list({}, bad)[Symbol.asyncIterator]().next(), { name: 'TypeError', message });
      await assert.rejects(users.list({}, bad).pages().next(), { name: 'TypeError', message });
      assert.equal(server.seen.length, 0);
    });
  }
}

test('maxRetries Infinity sets no limit', async (t) => {
  const server = await inTurn(t, now, now, now, { json: user });
  assert.deepEqual(await server.client({ maxRetries: Infinity }).users.get('018f'), user);
});

test('a signal ends the request with its reason', async (t) => {
  const controller = new AbortController();
  const reason = new Error('left the page');
  const server = await serve(t, () => () => controller.abort(reason));
  const { users } = server.client();
  await assert.rejects(users.get('018f', { signal: controller.signal, maxRetries: 0 }), reason);
  assert.equal(server.seen.length, 1);
});

test('a signal ends the wait before a retry', async (t) => {
  const controller = new AbortController();
  const server = await always(t, { status: 503, headers: { 'retry-after': '60' } });
  const client = server.client({ onResponse: () => void setImmediate(() => controller.abort()) });
  await assert.rejects(client.users.get('018f', { signal: controller.signal }), { name: 'AbortError' });
  assert.equal(server.seen.length, 1);
});

test('an aborted signal sends nothing', async (t) => {
  const server = await always(t, { json: user });
  await assert.rejects(server.client().users.get('018f', { signal: AbortSignal.abort() }), { name: 'AbortError' });
  assert.equal(server.seen.length, 0);
});
