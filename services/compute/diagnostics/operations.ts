/** What the host of a server answers at once. */
import { NoAnswer } from '#shared/bus/bus.ts';
import { type ComputeCalls, callAddress } from '#shared/contracts/compute-agent.ts';
import { conflict } from '#shared/errors/fault.ts';
import type { Compute } from '../context.ts';
import { notReady } from '../servers/states.ts';
import type { Server } from '../servers/store.ts';

export async function callHost<Name extends keyof ComputeCalls>(
  { bus }: Compute,
  { id, host }: Server,
  name: Name,
  request: ComputeCalls[Name]['request'],
): Promise<ComputeCalls[Name]['reply']> {
  if (host === null) throw notReady(id);
  return bus.call<ComputeCalls[Name]['reply']>(callAddress(host, name), request).catch((error: unknown) => {
    if (error instanceof NoAnswer) throw conflict(`The host of instance ${id} does not answer: try again later.`);
    throw error;
  });
}
