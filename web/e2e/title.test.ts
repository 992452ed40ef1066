import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { people } from './people.js';
import { Stage } from './stage.js';

const stage = new Stage();
const nobody = '/users/0199c0de-0000-7000-8000-00000000dead';

/** Every page: its route, where it is, by the path of the caller's own page, and what it is called. */
const pages: { route: string; at: (me: string) => string; status?: number; title: string }[] = [
  { route: '/page', at: () => '/', title: 'Users' },
  { route: '/e2e/page', at: () => '/e2e', title: 'Passed' },
  { route: '/sign-in/page', at: () => '/sign-in', title: 'Sign in' },
  { route: '/users/page', at: () => '/users', title: 'Users' },
  { route: '/users/[id]/page', at: (me) => me, title: people.member },
  { route: '/users/[id]/page', at: () => nobody, status: 404, title: 'Not found' },
  { route: '/users/[id]/edit/page', at: (me) => `${me}/edit`, status: 403, title: 'Not allowed' },
  { route: '/_not-found/page', at: () => '/nowhere', status: 404, title: 'Not found' },
];

test('the head of the HTML of every page has its title, before any script runs', async (t) => {
  const manifest = new URL('../.next/server/app-paths-manifest.json', import.meta.url);
  const routes = Object.keys(JSON.parse(await readFile(manifest, 'utf8'))).filter((route) => route.endsWith('/page'));
  // The one that Next.js shows in place of all the app has a title of Next.js.
  const unseen = routes.filter((route) => route !== '/_global-error/page' && !pages.some((page) => page.route === route));
  assert.deepEqual(unseen, [], 'pages whose titles nobody looks at');
  const look = async (page: Page, path: string, status: number, title: string) => {
    const answer = await page.request.get(stage.app.origin + path);
    assert.equal(answer.status(), status, path);
    const [head] = (await answer.text()).split('</head>');
    assert.equal(/<title>(.*?)<\/title>/.exec(head ?? '')?.[1], `${title} · Lockstep`, path);
  };
  const page = await stage.visit(t, people.member);
  const me = await ownPath(page, people.member);
  for (const { at, status = 200, title } of pages) await look(page, at(me), status, title);
  const administrator = await stage.visit(t, people.administrator);
  await look(administrator, `${me}/edit`, 200, `Edit ${people.member}`);
});

/** The path of the page of whoever is signed in. */
async function ownPath(page: Page, name: string): Promise<string> {
  const path = await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name }).getAttribute('href');
  assert.ok(path);
  return path;
}
