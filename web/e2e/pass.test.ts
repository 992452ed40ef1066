import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { UserPage, UserWithRoles } from '@lockstep/core-sdk';
import { freePort, startApp } from './app.js';
import { startGate } from './gate.js';
import { people } from './people.js';
import { Stage } from './stage.js';

const stage = new Stage();

// Regression: React sent a page of the SDK as a stream of everything after it. A page of 2 made 13 requests, put the e-mail addresses
// of all 26 users into the HTML, and had no `data` in the browser.
test('what the SDK returns crosses to a client component as the data it is', async (t) => {
  const gate = await startGate();
  t.after(() => gate.stop());
  const app = await startApp(gate.url, await freePort());
  t.after(() => app.stop());
  // Cookies know no ports: the session is good at both apps.
  const page = await stage.visit(t, people.administrator);
  let row = '';
  for (const pass of ['page', 'call', 'data', 'row']) {
    gate.asked.length = 0;
    const answer = await page.goto(`${app.origin}/e2e?pass=${pass}&id=${row}`);
    assert.equal(answer?.status(), 200, 'the app was built without the pages of these tests: set LOCKSTEP_WEB_E2E=1');
    const html = await answer.text();
    await page.locator('output').filter({ hasText: '{' }).waitFor();
    const arrived = JSON.parse(await page.locator('output').innerText()) as UserPage & UserWithRoles;
    const asked = gate.asked.filter((request) => request.startsWith('GET /v1/users'));
    assert.equal(asked.length, 1, `${pass}: ${asked.join()}`);
    const addresses = new Set(html.match(/[\w.+-]+@[\w-]+\.example\b/g));
    if (pass === 'row') {
      assert.equal(arrived.id, row);
      assert.ok(Array.isArray(arrived.roles) && Array.isArray(arrived.managedUsers));
      continue;
    }
    assert.deepEqual(Object.keys(arrived).sort(), ['data', 'nextCursor'], pass);
    assert.equal(arrived.data.length, 2, pass);
    assert.ok(arrived.nextCursor, pass);
    assert.deepEqual([...addresses].sort(), arrived.data.map(({ email }) => email).sort(), `${pass}: others are in the HTML`);
    row = arrived.data[0]?.id ?? '';
  }
});
