import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConflictError, NotFoundError, PermissionError, ValidationError } from '../../src/index.js';
import { clientOf, unique } from './environment.js';

const { tenants } = clientOf('platform');

test('the platform makes, changes, lists and deletes tenants', async (t) => {
  const slug = unique('initech');
  const tenant = await tenants.create({ name: 'Initech', slug });
  t.after(() => tenants.delete(tenant.id).catch((error: unknown) => assert.ok(error instanceof NotFoundError)));
  assert.equal(tenant.status, 'active');
  assert.deepEqual(await tenants.get(tenant.id), tenant);
  assert.equal((await tenants.update(tenant.id, { status: 'suspended' })).status, 'suspended');
  const slugs: string[] = [];
  for await (const each of tenants.list({ limit: 1 })) slugs.push(each.slug);
  assert.ok(slugs.includes(slug) && slugs.length >= 3, slugs.join());
  await assert.rejects(tenants.create({ name: 'Initech again', slug }), ConflictError);
  await assert.rejects(tenants.create({ name: 'Initech', slug: 'Not A Slug' }), (error) => {
    assert.ok(error instanceof ValidationError);
    assert.deepEqual(error.errors.map(({ pointer, code }) => [pointer, code]), [['/slug', 'pattern']]);
    return true;
  });
  await tenants.delete(tenant.id);
  await assert.rejects(tenants.get(tenant.id), NotFoundError);
});

test('a tenant may not', async () => {
  await assert.rejects(clientOf('admin').tenants.list(), PermissionError);
  await assert.rejects(clientOf('admin').tenants.create({ name: 'Mine', slug: unique('mine') }), PermissionError);
});
