import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConflictError, NotFoundError, PermissionError, ValidationError } from '../../src/index.js';
import { clientOf, unique } from './environment.js';

const { tenants } = clientOf('platform');

const administrator = { email: 'bill@initech.example', displayName: 'Bill' };

test('the platform makes, changes and lists tenants', async () => {
  const slug = unique('initech');
  const { tenant, administratorId } = await tenants.create({ name: 'Initech', slug, administrator });
  assert.ok(administratorId);
  assert.equal(tenant.status, 'active');
  assert.deepEqual(await tenants.get(tenant.id), tenant);
  assert.equal((await tenants.update(tenant.id, { status: 'suspended' })).status, 'suspended');
  const slugs: string[] = [];
  for await (const each of tenants.list({ limit: 1 })) slugs.push(each.slug);
  assert.ok(slugs.includes(slug) && slugs.length >= 3, slugs.join());
  await assert.rejects(tenants.create({ name: 'Initech again', slug, administrator }), ConflictError);
  await assert.rejects(tenants.create({ name: 'Initech', slug: 'Not A Slug', administrator }), (error) => {
    assert.ok(error instanceof ValidationError);
    assert.deepEqual(error.errors.map(({ pointer, code }) => [pointer, code]), [['/slug', 'pattern']]);
    return true;
  });
  const gone = await tenants.delete(tenant.id);
  assert.deepEqual([gone.complete, gone.deleted['users'], gone.deleted['userRoles']], [true, 1, 1]);
  await assert.rejects(tenants.get(tenant.id), NotFoundError);
});

test('a tenant may not', async () => {
  await assert.rejects(clientOf('admin').tenants.list(), PermissionError);
  await assert.rejects(clientOf('admin').tenants.create({ name: 'Mine', slug: unique('mine'), administrator }), PermissionError);
});
