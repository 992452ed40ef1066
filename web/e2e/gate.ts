import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { variable } from './environment.js';

/** Stands between an app and the API: passes requests on, but holds or fails some while it is told to. */
export interface Gate {
  url: string;
  /** Method and URL of each request, in the order they came. */
  asked: string[];
  /** What to do with requests whose path matches; undefined passes all on. */
  shut: { path: RegExp; how: 'hold' | 'fail' } | undefined;
  /** Passes on what was held, and everything from now on. */
  open(): void;
  stop(): Promise<void>;
}

export async function startGate(): Promise<Gate> {
  const held: (() => void)[] = [];
  const api = new URL(variable('LOCKSTEP_E2E_API'));
  const server = createServer((incoming, outgoing) => {
    const { method, headers } = incoming;
    gate.asked.push(`${method} ${incoming.url}`);
    const pass = () => {
      const onward = request(new URL(incoming.url ?? '/', api), { method, headers: { ...headers, host: api.host } }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      });
      onward.on('error', () => outgoing.destroy());
      incoming.pipe(onward);
    };
    if (!gate.shut?.path.test(incoming.url ?? '')) return pass();
    if (gate.shut.how === 'hold') return void held.push(pass);
    outgoing.writeHead(500, { 'content-type': 'application/problem+json' });
    outgoing.end(JSON.stringify({ status: 500, code: 'internal', title: 'Internal error', detail: 'secret of the API' }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const gate: Gate = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: [],
    shut: undefined,
    open: () => {
      gate.shut = undefined;
      for (const pass of held.splice(0)) pass();
    },
    stop: async () => {
      gate.open();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return gate;
}
