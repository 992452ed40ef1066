import type { AuthToken } from './options.js';

/** Yields one client's token, and renews it once for all the calls it was refused to. */
export class Token {
  readonly #source: AuthToken;
  #renewal: { refused: string; fresh: Promise<string> } | undefined;

  constructor(source: AuthToken) {
    this.#source = source;
  }

  async current(): Promise<string> {
    return typeof this.#source === 'string' ? this.#source : this.#source();
  }

  /** The token to use in place of a refused one; the same if there is no other. */
  async renew(refused: string): Promise<string> {
    const source = this.#source;
    if (typeof source === 'string') return refused;
    if (this.#renewal?.refused !== refused) {
      this.#renewal = { refused, fresh: Promise.resolve(refused).then(source) };
      this.#renewal.fresh.catch(() => this.forget());
    }
    return this.#renewal.fresh;
  }

  /** Drops the renewed token, because it was refused too: the next call that needs one asks again. */
  forget(): void {
    this.#renewal = undefined;
  }
}
