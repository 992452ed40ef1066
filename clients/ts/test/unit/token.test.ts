import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AuthenticationError } from '../../src/index.js';
import { always, serve, user, type Seen } from '../server.js';

const bearer = (request: Seen) => request.headers.authorization?.replace('Bearer ', '');

test('a function is asked before every attempt', async (t) => {
  const server = await always(t, { json: user });
  let n = 0;
  const client = server.client({ authToken: async () => `token-${n++}` });
  await client.users.get('018f');
  await client.users.get('018f');
  assert.deepEqual(server.seen.map(bearer), ['token-0', 'token-1']);
});

test('a function that fails ends the call with its own error', async (t) => {
  const server = await always(t, { json: user });
  const failure = new Error('signed out');
  await assert.rejects(server.client({ authToken: () => Promise.reject(failure) }).users.get('018f'), failure);
  assert.equal(server.seen.length, 0);
});

test('two clients with two tokens never mix', async (t) => {
  // Answers in another order than asked, with the token it was asked with.
  const waiting: (() => void)[] = [];
  const server = await serve(t, (request) => (response) => {
    waiting.push(() => response.end(JSON.stringify({ id: bearer(request) })));
    if (waiting.length === 40) for (const answer of waiting.reverse()) answer();
  });
  const ada = server.client({ authToken: 'ada' });
  const bob = server.client({ authToken: async () => 'bob' });
  const calls = Array.from({ length: 40 }, async (_, i) => {
    const [client, token] = i % 2 ? [ada, 'ada'] : [bob, 'bob'];
    assert.equal((await client.users.get(`u${i}`)).id, token);
  });
  await Promise.all(calls);
  for (const request of server.seen) {
    assert.equal(bearer(request), Number(request.url.replace('/v1/users/u', '')) % 2 ? 'ada' : 'bob');
  }
});

test('calls refused at the same time renew the token once, and are sent again', async (t) => {
  const server = await serve(t, (request) => (bearer(request) === 'fresh' ? { json: user } : { status: 401 }));
  const asked: (string | undefined)[] = [];
  let token = 'stale';
  const client = server.client({
    authToken: async (refused) => {
      if (refused !== undefined) {
        asked.push(refused);
        await new Promise(setImmediate);
        token = 'fresh';
      }
      return token;
    },
  });
  await Promise.all(Array.from({ length: 20 }, () => client.users.get('018f')));
  assert.deepEqual(asked, ['stale']);
  assert.equal(server.seen.length, 40);
});

test('a refused create is sent again: it was not carried out', async (t) => {
  const server = await serve(t, (request) => (bearer(request) === 'fresh' ? { status: 201, json: user } : { status: 401 }));
  const client = server.client({ authToken: (refused) => (refused ? 'fresh' : 'stale') });
  await client.users.create({ email: 'ada@example.com', displayName: 'Ada' });
  assert.deepEqual(server.seen.map(bearer), ['stale', 'fresh']);
});

test('a token that stays the same is refused once', async (t) => {
  const server = await always(t, { status: 401 });
  await assert.rejects(server.client().users.get('018f'), AuthenticationError);
  await assert.rejects(server.client({ authToken: () => 'same' }).users.get('018f'), AuthenticationError);
  assert.equal(server.seen.length, 2);
});

test('a fresh token that is refused too ends the call, and the next call asks again', async (t) => {
  let good = false;
  const server = await serve(t, () => (good ? { json: user } : { status: 401 }));
  let renewals = 0;
  const client = server.client({ authToken: (refused) => (refused ? `fresh-${renewals++}` : 'stale') });
  await assert.rejects(client.users.get('018f'), AuthenticationError);
  assert.deepEqual(server.seen.map(bearer), ['stale', 'fresh-0']);
  await assert.rejects(client.users.get('018f'), AuthenticationError);
  assert.deepEqual(server.seen.slice(2).map(bearer), ['stale', 'fresh-1']);
  good = true;
  await client.users.get('018f');
});

test('a renewal that fails is tried anew by the next call', async (t) => {
  const server = await serve(t, (request) => (bearer(request) === 'fresh' ? { json: user } : { status: 401 }));
  const failure = new Error('the issuer is down');
  let down = true;
  const client = server.client({
    authToken: (refused) => {
      if (refused === undefined) return 'stale';
      if (down) throw failure;
      return 'fresh';
    },
  });
  await assert.rejects(client.users.get('018f'), failure);
  down = false;
  assert.deepEqual(await client.users.get('018f'), user);
});
