import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { CoreApiClient, type ClientOptions } from '../src/index.js';

/** A request as the server saw it. */
export interface Seen {
  method: string;
  url: string;
  headers: IncomingMessage['headers'];
  body: string;
}

/** What the server does with a request: an answer, or a function that does as it likes. */
export type Reply =
  | { status?: number; headers?: Record<string, string>; json?: unknown; text?: string }
  | ((response: ServerResponse, request: Seen) => void);

/** A real HTTP server on a free port, ended with the test. */
export interface Server {
  baseUrl: string;
  seen: Seen[];
  client(options?: Partial<ClientOptions>): CoreApiClient;
}

/** Serves what reply says to the request and the number of requests before it. */
export async function serve(t: TestContext, reply: (request: Seen, n: number) => Reply): Promise<Server> {
  const seen: Seen[] = [];
  const server = createServer((incoming, response) => {
    let body = '';
    incoming.setEncoding('utf8');
    incoming.on('data', (chunk: string) => (body += chunk));
    incoming.on('end', () => {
      const { method = '', url = '', headers } = incoming;
      const request = { method, url, headers, body };
      const answer = reply(request, seen.push(request) - 1);
      if (typeof answer === 'function') return answer(response, request);
      const { status = 200, headers: extra = {}, json, text } = answer;
      const type = status < 400 ? 'application/json' : 'application/problem+json';
      response.writeHead(status, { ...(json !== undefined && { 'content-type': type }), ...extra });
      response.end(json === undefined ? text : JSON.stringify(json));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    baseUrl,
    seen,
    client: (options = {}) => new CoreApiClient({ baseUrl, authToken: 'secret', ...options }),
  };
}

/** Serves the same to every request. */
export function always(t: TestContext, reply: Reply): Promise<Server> {
  return serve(t, () => reply);
}

/** Serves the replies in turn, then fails the request. */
export function inTurn(t: TestContext, ...replies: Reply[]): Promise<Server> {
  return serve(t, (_, n) => replies[n] ?? { status: 500, text: `request ${n + 1} of ${replies.length} expected ones` });
}

/** What an answer's body looks like; a test that needs more of it says so. */
export const user = { id: '018f', email: 'ada@example.com', displayName: 'Ada' };
