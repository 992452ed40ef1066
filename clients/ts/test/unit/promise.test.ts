import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NotFoundError } from '../../src/index.js';
import { always, user } from '../server.js';

test('withResponse gives the data, the headers, the ETag and the request id', async (t) => {
  const server = await always(t, { json: user, headers: { etag: '"3"', 'x-request-id': 'req-1', 'x-other': 'o' } });
  const { data, response, etag, requestId } = await server.client().users.get('018f').withResponse();
  assert.deepEqual(data, user);
  assert.equal(etag, '"3"');
  assert.equal(requestId, 'req-1');
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('x-other'), 'o');
});

test('a call sends one request, however often it is looked at', async (t) => {
  const server = await always(t, { json: user });
  const call = server.client().users.get('018f');
  assert.ok(call instanceof Promise);
  const [first, { data: second }, third] = await Promise.all([call, call.withResponse(), call.then((u) => u)]);
  assert.deepEqual([first, second, third], [user, user, user]);
  assert.equal(server.seen.length, 1);
});

test('then, catch and finally see the error', async (t) => {
  const server = await always(t, { status: 404 });
  const { users } = server.client();
  assert.ok((await users.get('018f').then(undefined, (error: unknown) => error)) instanceof NotFoundError);
  assert.ok((await users.get('018f').catch((error: unknown) => error)) instanceof NotFoundError);
  let ran = false;
  await assert.rejects(users.get('018f').finally(() => (ran = true)), NotFoundError);
  assert.ok(ran);
  const [settled] = await Promise.allSettled([users.get('018f')]);
  assert.ok(settled?.status === 'rejected' && settled.reason instanceof NotFoundError);
});

test('finally passes the data on', async (t) => {
  const server = await always(t, { json: user });
  assert.deepEqual(await server.client().users.get('018f').finally(() => undefined), user);
});

// Regression: a Promise subclass that leaves its inherited promise rejecting ends a Node process that looked only at
// withResponse().
test('an error taken from withResponse is not reported as unhandled', async (t) => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => unhandled.push(reason);
  process.on('unhandledRejection', note);
  t.after(() => process.off('unhandledRejection', note));
  const server = await always(t, { status: 404 });
  const { users } = server.client();
  await assert.rejects(users.get('018f').withResponse(), NotFoundError);
  await assert.rejects(users.list().withResponse(), NotFoundError);
  await assert.rejects(Promise.resolve(users.get('018f')), NotFoundError);
  // Unhandled rejections are reported after the microtasks of the turn they happened in.
  await new Promise(setImmediate);
  assert.deepEqual(unhandled, []);
});
