import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InfiniteQueryObserver, MutationObserver, QueryClient } from '@tanstack/react-query';
import type { UserWithRoles } from '../../src/index.js';
import { coreQueries } from '../../src/react-query.js';
import { always, serve, user } from '../server.js';

function cache(): QueryClient {
  return new QueryClient({ defaultOptions: { queries: { gcTime: 0 } } });
}

test('a query asks once and is typed', async (t) => {
  const server = await always(t, { json: user });
  const [queries, queryClient] = [coreQueries(server.client()), cache()];
  const found: UserWithRoles = await queryClient.fetchQuery(queries.users.get('018f'));
  assert.equal(found.displayName, 'Ada');
  await queryClient.fetchQuery({ ...queries.users.get('018f'), staleTime: 60_000 });
  assert.equal(server.seen.length, 1);
  assert.deepEqual(queries.users.get('018f').queryKey, ['core-api', 'users', 'get', '018f', {}]);
  const cached: UserWithRoles | undefined = queryClient.getQueryData(queries.users.get('018f').queryKey);
  assert.equal(cached?.displayName, 'Ada');
});

test('what is asked for is part of the key, and of the type', async (t) => {
  const server = await always(t, { json: { ...user, managedUsers: [{ ...user, roles: [] }] } });
  const queries = coreQueries(server.client());
  const options = queries.users.get('018f', { expand: ['managedUsers.roles'] });
  const found = await cache().fetchQuery(options);
  assert.deepEqual(found.managedUsers[0]?.roles, []);
  assert.equal(server.seen[0]?.url, '/v1/users/018f?expand=managedUsers.roles');
  assert.notDeepEqual(options.queryKey, queries.users.get('018f').queryKey);
  // @ts-expect-error an expansion that does not exist
  queries.users.get('018f', { expand: ['managers'] });
});

test('an infinite query follows the cursors', async (t) => {
  const server = await serve(t, ({ url }) => {
    const cursor = new URL(url, 'http://x').searchParams.get('cursor');
    return { json: { data: [{ ...user, id: cursor ?? 'first' }], nextCursor: cursor ? null : 'c2' } };
  });
  const queryClient = cache();
  const observer = new InfiniteQueryObserver(queryClient, coreQueries(server.client()).users.list({ limit: 1, q: 'a' }));
  t.after(observer.subscribe(() => undefined));
  await observer.fetchNextPage();
  const last = await observer.fetchNextPage();
  const ids = last.data?.pages.flatMap((page) => page.data.map(({ id }) => id));
  assert.deepEqual(ids, ['first', 'c2']);
  assert.equal(last.hasNextPage, false);
  assert.deepEqual(server.seen.map(({ url }) => url), ['/v1/users?limit=1&q=a', '/v1/users?limit=1&q=a&cursor=c2']);
});

test('a mutation sends its body; a key makes its resource stale', async (t) => {
  const server = await serve(t, () => ({ json: user }));
  const [queries, queryClient] = [coreQueries(server.client()), new QueryClient()];
  t.after(() => queryClient.clear());
  await queryClient.fetchQuery(queries.users.get('018f'));
  await new MutationObserver(queryClient, queries.users.update()).mutate({ id: '018f', body: { displayName: 'Eve' }, options: { ifMatch: '"1"' } });
  assert.equal(server.seen[1]?.body, '{"displayName":"Eve"}');
  assert.equal(server.seen[1]?.headers['if-match'], '"1"');
  await queryClient.invalidateQueries({ queryKey: queries.users.key });
  assert.equal(queryClient.getQueryState(queries.users.get('018f').queryKey)?.isInvalidated, true);
});

test('a failed query is not repeated by the hook: the client has done so', async (t) => {
  const server = await always(t, { status: 500, json: { code: 'internal' } });
  const queries = coreQueries(server.client({ maxRetries: 0 }));
  await assert.rejects(cache().fetchQuery(queries.roles.get('018f')));
  assert.equal(queries.roles.get('018f').retry, false);
  assert.equal(server.seen.length, 1);
});

test('clients with scopes of their own share a cache without mixing', async (t) => {
  const [a, b] = [await always(t, { json: { ...user, displayName: 'A' } }), await always(t, { json: { ...user, displayName: 'B' } })];
  const queryClient = cache();
  const first = await queryClient.fetchQuery(coreQueries(a.client(), { scope: 'a' }).users.get('1'));
  const second = await queryClient.fetchQuery(coreQueries(b.client(), { scope: 'b' }).users.get('1'));
  assert.deepEqual([first.displayName, second.displayName], ['A', 'B']);
});
