import assert from 'node:assert/strict';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext } from 'node:test';
import pg from 'pg';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { startApp, type App } from './app.js';
import { launch } from './chromium.js';
import { variable } from './environment.js';
import { signIn } from './people.js';

/** What the tests of a file share: the app, a browser, and a look into the database. */
export class Stage {
  app!: App;
  browser!: Browser;
  #database!: pg.Client;
  /** Cookies of those who have signed in: once is enough. */
  readonly #sessions = new Map<string, Awaited<ReturnType<BrowserContext['storageState']>>>();
  #pictures: Promise<string> | undefined;
  readonly #violations: string[] = [];

  constructor() {
    before(async () => {
      this.#database = new pg.Client({ connectionString: variable('LOCKSTEP_E2E_DATABASE_URL') });
      // Each kept as soon as it is there: what has begun must end, also when the rest has failed, or the run never does.
      const begun = await Promise.allSettled([
        startApp(variable('LOCKSTEP_E2E_API')).then((app) => void (this.app = app)),
        launch().then((browser) => void (this.browser = browser)),
        this.#database.connect(),
      ]);
      for (const each of begun) if (each.status === 'rejected') throw each.reason;
    });
    after(async () => {
      await Promise.all([this.browser?.close(), this.app?.stop(), this.#database?.end()]);
      const wrong = 'pages want what their policy forbids, fail, or are called something else than their title says';
      assert.deepEqual(this.#violations, [], `${wrong}; the app wrote:\n${this.app?.output().slice(-4000)}`);
    });
  }

  /** Lets a test provoke violations of the pages' policy: takes those there are so far. */
  takeViolations(): string[] {
    return this.#violations.splice(0);
  }

  /** A browser of its own, closed with the test. */
  async visitor(t: TestContext, options: BrowserContextOptions = {}): Promise<{ context: BrowserContext; page: Page }> {
    const context = await this.browser.newContext(options);
    context.setDefaultTimeout(30_000);
    t.after(() => context.close());
    context.on('console', (message) => {
      if (message.type() === 'error' && /content security policy/i.test(message.text())) this.#violations.push(message.text());
    });
    context.on('weberror', (error) => this.#violations.push(String(error.error())));
    await context.exposeFunction('mistitled', (what: string) => this.#violations.push(what));
    await context.addInitScript(watchTitle);
    return { context, page: await context.newPage() };
  }

  /** A browser in which somebody has signed in, at a page of the app. */
  async visit(t: TestContext, name: string, path = '/users', options: BrowserContextOptions = {}): Promise<Page> {
    const kept = this.#sessions.get(name);
    const { context, page } = await this.visitor(t, { ...options, ...(kept && { storageState: kept }) });
    if (kept) await page.goto(this.app.origin + path);
    else await signIn(page, this.app.origin + path, name);
    this.#sessions.set(name, await context.storageState());
    return page;
  }

  /** Runs a statement as the owner of the database. */
  async sql(text: string, values: unknown[] = []): Promise<void> {
    await this.#database.query(text, values);
  }

  /** A column of the only user with this value in another column, as the owner of the database sees it. */
  async stored(column: string, where: string, value: string): Promise<unknown> {
    const { rows } = await this.#database.query<{ found: unknown }>(
      `SELECT ${column} AS found FROM core.users WHERE ${where}::text = $1`,
      [value],
    );
    return rows.length === 1 ? rows[0]?.found : undefined;
  }

  /** Keeps a picture of a page. */
  async picture(page: Page, name: string): Promise<void> {
    this.#pictures ??= mkdtemp(join(process.env['LOCKSTEP_E2E_SCREENSHOTS'] ?? tmpdir(), 'lockstep-web-'));
    await page.screenshot({ path: join(await this.#pictures, `${name}.png`), fullPage: true });
  }
}

/** Runs in pages: tells of every moment in which a page of the app is there, and its title is not, or is another page's. */
function watchTitle(): void {
  const { mistitled } = globalThis as unknown as { mistitled(what: string): void };
  new MutationObserver(() => {
    const name = document.querySelector('#content h1')?.textContent;
    if (name && !document.title.startsWith(name)) mistitled(`${location.href} shows "${name}" and is titled "${document.title}"`);
  }).observe(document, { childList: true, subtree: true, characterData: true });
}

export const heading = (page: Page, name: string) => page.getByRole('heading', { level: 1 }).getByText(name, { exact: true });

/** The people listed on a page. */
export const listed = (page: Page) => page.getByRole('main').locator('.people').getByRole('link');
