import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const built = new URL('../src/', import.meta.url);

/** An API of seven users, three a page, which serves the built files and an empty page as well. */
export interface Seven {
  origin: string;
  /** Requests to the API, in the order they arrived. */
  asked: string[];
  stop(): void;
}

export async function serveSeven(): Promise<Seven> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://host');
    const json = (status: number, body: unknown) => {
      response.writeHead(status, { 'content-type': 'application/json', etag: '"1"', 'retry-after': '0' });
      response.end(JSON.stringify(body));
    };
    if (pathname.endsWith('.js')) {
      return void readFile(new URL(`.${pathname}`, built)).then((code) => {
        response.writeHead(200, { 'content-type': 'text/javascript' });
        response.end(code);
      });
    }
    if (!pathname.startsWith('/v1/')) {
      response.writeHead(200, { 'content-type': 'text/html' });
      return void response.end('<!DOCTYPE html><title>SDK</title>');
    }
    asked.push(`${request.method} ${request.url}`);
    if (pathname === '/v1/me') return json(200, { userId: '7', permissions: [] });
    if (pathname === '/v1/roles/busy') return json(asked.filter((each) => each.endsWith('/busy')).length % 2 ? 503 : 200, { id: 'busy' });
    if (pathname === '/v1/roles/slow') return;
    if (request.method === 'POST') return json(201, { id: request.headers['idempotency-key'] });
    if (pathname !== '/v1/users') return json(404, { code: 'not_found', detail: 'no such thing' });
    const start = Number(searchParams.get('cursor') ?? 0);
    const data = [0, 1, 2].map((i) => ({ id: String(start + i) })).slice(0, 7 - start);
    return json(200, { data, nextCursor: start + 3 < 7 ? String(start + 3) : null });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
