import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { people } from './people.js';
import { heading, listed, Stage } from './stage.js';

const stage = new Stage();

/** What has the focus: its name in a form, or its text; and whether one sees that it has. Undefined where nothing has. */
const focused = (page: Page) =>
  page.evaluate(() => {
    const element = document.activeElement;
    if (!element || element === document.body) return undefined;
    const { outlineStyle, boxShadow } = getComputedStyle(element);
    return {
      name: element.getAttribute('aria-label') ?? element.getAttribute('name') ?? (element.textContent ?? '').trim(),
      seen: outlineStyle !== 'none' || boxShadow !== 'none',
    };
  });

/** Presses Tab until something has the focus; whatever gets it on the way must show that it has. */
async function tabTo(page: Page, name: string): Promise<void> {
  const passed: string[] = [];
  while (passed.length < 60) {
    await page.keyboard.press('Tab');
    const now = await focused(page);
    // Past the last element the browser's own bar has it, and then the first.
    if (now) assert.ok(now.seen, `the focus on ${now.name} is not seen`);
    if (now?.name === name) return;
    passed.push(now?.name ?? 'nothing');
  }
  assert.fail(`${name} cannot be reached: ${passed.join(', ')}`);
}

test('everything within reach of the keyboard', async (t) => {
  const page = await stage.visit(t, people.member);
  await page.reload();
  await listed(page).first().waitFor(); // what is streamed later cannot be reached before
  await page.keyboard.press('Tab');
  assert.equal(await page.locator(':focus').innerText(), 'Skip to content');
  await page.keyboard.press('Enter');
  const reached: string[] = [];
  for (let n = 0; n < 12; n++) {
    await page.keyboard.press('Tab');
    reached.push(await page.locator(':focus').evaluate((element) => element.getAttribute('name') ?? (element.textContent ?? '').trim()));
  }
  assert.deepEqual(reached.slice(0, 5), ['q', 'status', 'role', 'sort', 'Show']);
  const outline = await page.locator(':focus').evaluate((element) => getComputedStyle(element).outlineStyle + getComputedStyle(element).boxShadow);
  assert.notEqual(outline, 'nonenone', 'the focus is seen');
});

test('sign in, find, open, edit, grant and sign out without a mouse', async (t) => {
  const { page } = await stage.visitor(t);
  const { origin } = stage.app;
  await page.goto(`${origin}/users`);
  await tabTo(page, 'Sign in');
  await page.keyboard.press('Enter');
  const person = page.getByRole('button', { name: people.administrator });
  await person.waitFor();
  await person.focus();
  await page.keyboard.press('Enter');
  await heading(page, 'Users').waitFor();

  await tabTo(page, 'q');
  await page.keyboard.type('Samuel');
  await page.keyboard.press('Enter');
  await page.getByText('1 person').waitFor();
  await tabTo(page, 'Samuel Adeyemi');
  await page.keyboard.press('Enter');
  await heading(page, 'Samuel Adeyemi').waitFor();

  await tabTo(page, 'Edit');
  await page.keyboard.press('Enter');
  await page.getByLabel('Display name').waitFor();
  await tabTo(page, 'status');
  await page.keyboard.type('Ina');
  await tabTo(page, 'Save');
  await page.keyboard.press('Enter');
  await page.getByRole('status').getByText('Saved.').waitFor();
  assert.equal(await stage.stored('status', 'display_name', 'Samuel Adeyemi'), 'inactive');
  await stage.sql("UPDATE core.users SET status = 'active' WHERE display_name = 'Samuel Adeyemi'");

  await page.getByRole('region', { name: 'Roles' }).waitFor();
  await tabTo(page, 'roleId');
  await page.keyboard.type('Aud');
  await tabTo(page, 'Grant');
  await page.keyboard.press('Enter');
  const revoke = page.getByRole('button', { name: 'Take back Auditor' });
  await revoke.waitFor();
  await revoke.focus();
  await page.keyboard.press('Enter');
  await revoke.waitFor({ state: 'detached' });

  await page.reload();
  await tabTo(page, 'Sign out');
  await page.keyboard.press('Enter');
  await page.waitForURL(`${origin}/sign-in`);
});
