import type * as Sdk from '../src/index.js';

// Set by whoever runs it.
declare const client: Sdk.CoreApiClient;
declare const sdk: typeof Sdk;

/** What a client is for, on the API of seven.ts, in any runtime. Resolves to what should be {@link expected}. */
export async function use(): Promise<unknown> {
  const ids: string[] = [];
  for await (const { id } of client.users.list({ status: ['active'], createdAt: { gte: '2026-01-01T00:00:00Z' } })) ids.push(id);
  const failed: unknown = await client.roles.get('7').catch((error: unknown) => error);
  const { etag } = await client.users.list().withResponse();
  const late: unknown = await client.roles.get('slow', { timeout: 20, maxRetries: 0 }).catch((error: unknown) => error);
  const controller = new AbortController();
  const aborted = client.roles.get('slow', { signal: controller.signal }).catch((error: unknown) => error);
  controller.abort('enough');
  return {
    ids: ids.join(),
    few: (await client.users.list().toArray({ limit: 4 })).length,
    failed: failed instanceof sdk.NotFoundError && [failed.name, failed.message, failed.code, failed.status],
    etag,
    late: late instanceof sdk.TimeoutError && late.cause !== undefined,
    aborted: await aborted,
    busy: (await client.roles.get('busy')).id,
    key: /^[0-9a-f]{32}$/.test((await client.users.create({ email: 'a@example.com', displayName: 'A' })).id),
    date: sdk.parseDate('2026-01-01T00:00:00Z').getTime(),
  };
}

export const expected = {
  ids: '0,1,2,3,4,5,6',
  few: 4,
  failed: ['NotFoundError', 'GET /v1/roles/7: 404 not_found: no such thing', 'not_found', 404],
  etag: '"1"',
  late: true,
  aborted: 'enough',
  busy: 'busy',
  key: true,
  date: 1767225600000,
};
