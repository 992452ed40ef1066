// What must not compile. The compiler reports an @ts-expect-error without an error, so building the tests is the test.
import { test } from 'node:test';
import type {
  CoreApiClient,
  CursorPage,
  PageOf,
  Role,
  ApiError,
  ProblemCode,
  User,
  UserBase,
  UserCreate,
  UserPage,
  UserUpdate,
  UserWithRoles,
  UsersListParams,
} from '../../src/index.js';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const expect = <T extends true>(): T | undefined => undefined;

export async function compileOnly(client: CoreApiClient): Promise<void> {
  const found = await client.users.get('id');
  expect<Equal<typeof found, UserWithRoles>>();
  expect<Equal<typeof found.roles, Role[]>>();
  expect<Equal<typeof found.managedUsers, User[]>>();
  expect<Equal<typeof found.status, 'active' | 'inactive'>>();
  expect<Equal<typeof found.managerId, string | null>>();
  const promise: Promise<UserWithRoles> = client.users.get('id');
  void promise;

  const page = await client.users.list({ limit: 10 });
  expect<Equal<typeof page, PageOf<UserPage, User>>>();
  expect<Equal<typeof page.totalCount, number | undefined>>();
  const body: UserPage = page;
  const least: CursorPage<User> = body;
  void least;
  if (page.nextCursor !== null) client.users.list({ cursor: page.nextCursor });
  for await (const user of client.users.list()) expect<Equal<typeof user, User>>();
  for await (const each of client.users.list().pages()) expect<Equal<typeof each, typeof page>>();
  const some = await client.users.list().toArray({ limit: 10 });
  expect<Equal<typeof some, User[]>>();

  const { data, etag } = await client.users.get('id').withResponse();
  expect<Equal<typeof data, UserWithRoles>>();
  expect<Equal<typeof etag, string | undefined>>();

  const gone = await client.users.delete('id');
  expect<Equal<typeof gone, void>>();

  // Codes that are known are offered, and others taken.
  type Known<T> = T extends string ? (string extends T ? never : T) : never;
  expect<Equal<'not_found' | 'rate_limited' | 'route_not_found' extends Known<ProblemCode> ? true : false, true>>();
  expect<Equal<'gone_fishing' extends Known<ProblemCode> ? true : false, false>>();
  const younger: ProblemCode = 'gone_fishing';
  const { code } = {} as ApiError;
  expect<Equal<typeof code, ProblemCode | undefined>>();
  if (code === younger || code === 'not_found') void (code satisfies string);
  // @ts-expect-error a code is a string
  const wrong: ProblemCode = 404;
  void wrong;

  // A parameter taken from a URL may be missing.
  const params: UsersListParams = { cursor: new URLSearchParams().get('cursor') ?? undefined };
  client.users.list(params);

  // @ts-expect-error a field that does not exist
  void found.name;
  // What is asked for is there.
  const [expanded] = (await client.users.list({ expand: ['roles', 'managedUsers.roles'] })).data;
  if (expanded) {
    expect<Equal<typeof expanded.roles, Role[]>>();
    const [report] = expanded.managedUsers;
    expect<Equal<NonNullable<typeof report>['roles'], Role[]>>();
    expect<Equal<typeof expanded.status, 'active' | 'inactive'>>();
  }
  const deep = await client.users.get('id', { expand: ['managedUsers.roles'], timeout: 500 });
  expect<Equal<(typeof deep.managedUsers)[number]['roles'], Role[]>>();
  const grant = await client.userRoles.get('id', { expand: ['user.roles', 'grantedBy'] });
  expect<Equal<NonNullable<typeof grant.user>['roles'], Role[]>>();
  const led = await client.users.get('id', { expand: ['manager', 'managedUsers.manager'] });
  expect<Equal<typeof led.manager, UserBase | undefined>>();
  expect<Equal<(typeof led.managedUsers)[number]['manager'], UserBase | undefined>>();
  for await (const user of client.users.list({ expand: ['roles'] })) expect<Equal<typeof user.roles, Role[]>>();

  // @ts-expect-error nothing was asked for: the roles may be missing
  void page.data[0]?.roles.length;
  // @ts-expect-error something else was asked for
  void (await client.users.list({ expand: ['managedUsers'] })).data[0]?.roles.length;
  // @ts-expect-error a single row may be missing
  void grant.user.roles;
  // @ts-expect-error what leads back in a circle is shown to depth one
  client.users.list({ expand: ['manager.roles'] });
  // @ts-expect-error an expansion that does not exist
  client.users.list({ expand: ['managers'] });
  // @ts-expect-error an expansion of another resource
  client.users.get('id', { expand: ['users'] });
  // @ts-expect-error a sort order that does not exist
  client.users.list({ sort: ['email'] });
  // @ts-expect-error an enum value that does not exist
  await client.users.update('id', { status: 'retired' });
  // @ts-expect-error a field that does not exist
  await client.users.update('id', { name: 'Ada' });
  // @ts-expect-error a field the server owns
  await client.users.update('id', { version: 2 });
  // @ts-expect-error displayName is missing
  await client.users.create({ email: 'ada@example.com' });
  // @ts-expect-error email may not be null
  await client.users.update('id', { email: null });
  // @ts-expect-error a parameter that does not exist
  client.users.list({ page: 2 });
  // @ts-expect-error a parameter of another type
  client.users.list({ limit: '10' });
  // @ts-expect-error an id is needed
  client.users.get();
  // @ts-expect-error an operation that does not exist
  client.users.archive('id');
  // @ts-expect-error a resource that does not exist
  void client.noSuchResource;
  // @ts-expect-error toArray wants a limit: a list may be endless
  await client.users.list().toArray();
  // @ts-expect-error a page is data: the call is what iterates
  for await (const user of page) void user;
  // @ts-expect-error a page is data: the call has toArray
  void page.toArray;
  // @ts-expect-error a page is data: the call has pages
  void page.nextPage;
  // @ts-expect-error a page may be the last
  void page.nextCursor.length;
  // @ts-expect-error a list only has pages
  void client.users.get('id').pages;
  // @ts-expect-error absent is not undefined in a patch: leave the field out
  const patch: UserUpdate = { displayName: undefined };
  void patch;
  // @ts-expect-error the token is needed
  const options: ConstructorParameters<typeof CoreApiClient>[0] = { baseUrl: 'https://api.example.com' };
  void options;
  const created: UserCreate = { email: 'ada@example.com', displayName: 'Ada', managerId: null };
  void created;
}

test('wrong uses do not compile', () => undefined);
