import assert from 'node:assert/strict';
import type { BrowserContext, Response } from 'playwright-core';

/** Notes everything a browser context receives, and whom it asks. */
export class Witness {
  readonly #received: Promise<{ url: string; text: string }>[] = [];
  readonly #origins = new Set<string>();

  constructor(context: BrowserContext) {
    context.on('request', (request) => this.#origins.add(new URL(request.url()).origin));
    context.on('response', (response) => this.#received.push(this.#note(response)));
  }

  async #note(response: Response): Promise<{ url: string; text: string }> {
    const headers = JSON.stringify(await response.allHeaders());
    // A redirect has no body, nor has an answer whose page was left.
    const body = await response.text().catch(() => '');
    return { url: response.url(), text: headers + body };
  }

  /** Fails if anything received holds one of the secrets, or if anyone but these origins was asked. */
  async vouch(origins: string[], secrets: string[]): Promise<void> {
    const received = await Promise.all(this.#received);
    assert.ok(received.some(({ text }) => text.includes('<!DOCTYPE html>')), 'no page was seen: the witness is blind');
    assert.ok(received.some(({ url, text }) => url.includes('.js') && text.length > 10_000), 'no script was seen');
    for (const { url, text } of received) {
      for (const secret of secrets) assert.ok(!text.includes(secret), `${url} holds ${secret.slice(0, 12)}…`);
    }
    assert.deepEqual([...this.#origins].sort(), [...origins].sort(), 'the browser asked others');
  }
}
