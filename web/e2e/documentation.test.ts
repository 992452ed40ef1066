import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { launch } from './chromium.js';
import { variable } from './environment.js';

const api = new URL(variable('LOCKSTEP_E2E_API'));
let browser: Browser;
before(async () => {
  browser = await launch();
});
after(async () => browser?.close());

test('the documentation page tries an operation out with the token of somebody', async (t) => {
  const context = await browser.newContext();
  t.after(() => context.close());
  context.setDefaultTimeout(30_000);
  const page = await context.newPage();
  const elsewhere: string[] = [];
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== api.origin && !request.url().startsWith('data:')) elsewhere.push(request.url());
  });
  const blocked: string[] = [];
  page.on('console', (message) => {
    if (/content security policy/i.test(message.text())) blocked.push(message.text());
  });
  await page.goto(new URL('/docs', api).href);

  const operation = page.locator('.opblock').filter({ has: page.locator('.opblock-summary-path[data-path="/v1/me"]') });
  await operation.locator('.opblock-summary-control').click();
  const answer = operation.locator('.live-responses-table');
  const send = async (status: string) => {
    await operation.getByRole('button', { name: 'Execute' }).click();
    await answer.locator('tbody .response-col_status').getByText(status).first().waitFor();
    return answer.innerText();
  };
  assert.match(await send('401'), /unauthenticated|token/);

  await page.locator('.auth-wrapper').getByRole('button', { name: 'Authorize' }).click();
  const dialog = page.locator('.dialog-ux');
  await dialog.locator('input[type="text"], input[type="password"]').first().fill(variable('LOCKSTEP_E2E_ADMIN_TOKEN'));
  await dialog.getByRole('button', { name: 'Apply credentials' }).click();
  await dialog.getByRole('button', { name: 'Close' }).click();

  const shown = await send('200');
  const me = await fetch(new URL('/v1/me', api), { headers: { authorization: `Bearer ${variable('LOCKSTEP_E2E_ADMIN_TOKEN')}` } });
  const { userId, displayName } = (await me.json()) as { userId: string; displayName: string };
  assert.ok(shown.includes(userId) && shown.includes(displayName), shown);
  assert.deepEqual(elsewhere, [], 'the page asks other servers');
  assert.deepEqual(blocked, [], 'the page wants what its policy forbids');

  // The token is in memory alone: nothing is stored, and a new page does not know it.
  assert.deepEqual(await page.evaluate(() => ({ ...localStorage, ...sessionStorage })), {});
  await page.evaluate(() => localStorage.setItem('authorized', 'of a page of an earlier version'));
  await page.reload(); // the URL has the operation, so that it is open again
  assert.match(await send('401'), /unauthenticated|token/);
  assert.equal(await page.evaluate(() => localStorage.getItem('authorized')), null);

  // What got into the page does not run.
  const ran = await page.evaluate(async () => {
    const over = new Promise<Event>((resolve) => {
      for (const name of ['securitypolicyviolation', 'inlined']) document.addEventListener(name, resolve, { once: true });
    });
    document.body.insertAdjacentHTML('beforeend', `<img src="data:," onerror="document.dispatchEvent(new Event('inlined'))">`);
    return (await over).type;
  });
  assert.equal(ran, 'securitypolicyviolation');
});
