import { randomUUID } from 'node:crypto';
import { NoAnswer } from '#shared/bus/bus.ts';
import { type ComputeCalls, callAddress } from '#shared/contracts/compute-agent.ts';
import { conflict, Fault } from '#shared/errors/fault.ts';
import type { Compute } from '../context.ts';
import { notReady } from '../servers/states.ts';
import type { Server } from '../servers/store.ts';
import { insertConsole } from './store.ts';

/** The last lines of the serial console; with null all that the host keeps. */
export async function readConsoleLog({ bus }: Compute, server: Server, length: number | null) {
  const { id, host } = server;
  if (host === null) throw notReady(server.id);
  return bus
    .call<ComputeCalls['consoleLog']['reply']>(callAddress(host, 'consoleLog'), { id, length })
    .catch((error: unknown) => {
      if (error instanceof NoAnswer) throw conflict(`The host of instance ${id} does not answer: try again later.`);
      throw error;
    });
}

/** Makes a URL that opens the console once. */
export async function consoleUrl({ db, cloud, config }: Compute, server: Server, type: string): Promise<string> {
  if (server.host === null || server.vmState === 'building') throw notReady(server.id);
  const token = randomUUID();
  const expiresAt = Date.now() + config.consoleMs;
  const max = config.consolesPerServer;
  if (!(await insertConsole(db, token, { serverId: server.id, host: server.host, type, expiresAt }, max)))
    throw new Fault(
      429,
      'overLimit',
      `${max} unused consoles of instance ${server.id} exist already: open one of them, or wait ${config.consoleMs / 1000} s.`,
    );
  const path = encodeURIComponent(`?token=${token}`);
  return `${cloud.consoleUrl}?path=${path}`;
}
