import assert from 'node:assert/strict';
import { test } from 'node:test';
import { audit } from './audit.js';
import { people, signIn } from './people.js';
import { heading, listed, Stage } from './stage.js';

const stage = new Stage();
const sizes = { desktop: { width: 1280, height: 900 }, phone: { width: 375, height: 740 } };

for (const [size, viewport] of Object.entries(sizes)) {
  for (const colorScheme of ['light', 'dark'] as const) {
    test(`layout and accessibility, ${size}, ${colorScheme}`, async (t) => {
      const { page } = await stage.visitor(t, { viewport, colorScheme, deviceScaleFactor: 1 });
      const { origin } = stage.app;
      const look = async (name: string) => {
        await stage.picture(page, `${name}-${size}-${colorScheme}`);
        const excess = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        assert.equal(excess, 0, `${name} scrolls sideways`);
        assert.deepEqual(await audit(page), [], name);
      };
      await page.goto(`${origin}/users`);
      await heading(page, 'Sign in').waitFor();
      await look('sign-in');
      await signIn(page, `${origin}/users`, people.administrator);
      await listed(page).first().waitFor();
      await look('users');
      await page.goto(`${origin}/users?q=Marcus`);
      await listed(page).first().click();
      await heading(page, people.manager).waitFor();
      await look('user');
      await page.getByRole('link', { name: 'Edit' }).click();
      await page.getByLabel('Display name').fill('');
      await page.getByRole('button', { name: 'Save' }).click();
      await page.locator('[aria-invalid="true"]').waitFor();
      await look('refused');
      await page.goto(`${origin}/users/0199c0de-0000-7000-8000-00000000dead`);
      await heading(page, 'Not found').waitFor();
      await look('not-found');
    });
  }
}
