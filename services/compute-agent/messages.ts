/** Entry point 2, the bus: calls that the host answers at once. */
import { type Bus, type Off, requireSender, type Sender } from '#shared/bus/bus.ts';
import { type ComputeCalls, callAddress } from '#shared/contracts/compute-agent.ts';
import type { ComputeHost } from './context.ts';
import { relayOnce } from './drivers/relay.ts';
import { uptimeText } from './drivers/uptime.ts';

type Request<Name extends keyof ComputeCalls> = ComputeCalls[Name]['request'];
type Reply<Name extends keyof ComputeCalls> = Promise<ComputeCalls[Name]['reply']>;

export function registerCalls(bus: Bus, { name, cloud, config, hypervisor }: ComputeHost): Off[] {
  const consoleLog = async ({ id, length }: Request<'consoleLog'>, sender: Sender): Reply<'consoleLog'> => {
    requireSender(sender, 'compute');
    return { output: await hypervisor.consoleLog(id, length) };
  };
  const vncSocket = async ({ id }: Request<'vncSocket'>, sender: Sender): Reply<'vncSocket'> => {
    requireSender(sender, 'compute');
    const screen = await hypervisor.vncSocket(id);
    return config.consoleBy === 'tcp' && screen.owner !== null
      ? { path: await relayOnce(screen, cloud.address), owner: null }
      : screen;
  };
  const diagnostics = async ({ id }: Request<'diagnostics'>, sender: Sender): Reply<'diagnostics'> => {
    requireSender(sender, 'compute');
    return hypervisor.diagnostics(id);
  };
  const uptime = async (_: Request<'uptime'>, sender: Sender): Reply<'uptime'> => {
    requireSender(sender, 'compute');
    return { text: uptimeText() };
  };
  const injectNmi = async ({ id }: Request<'injectNmi'>, sender: Sender): Reply<'injectNmi'> => {
    requireSender(sender, 'compute');
    await hypervisor.injectNmi(id);
    return null;
  };
  const setPassword = async ({ id, user, password }: Request<'setPassword'>, sender: Sender): Reply<'setPassword'> => {
    requireSender(sender, 'compute');
    await hypervisor.setPassword(id, user, password);
    return null;
  };
  const controlSending = async ({ id, what }: Request<'controlSending'>, sender: Sender): Reply<'controlSending'> => {
    requireSender(sender, 'compute');
    return { progress: await hypervisor.controlSending(id, what) };
  };
  return [
    bus.onCall(callAddress(name, 'diagnostics'), diagnostics),
    bus.onCall(callAddress(name, 'uptime'), uptime),
    bus.onCall(callAddress(name, 'injectNmi'), injectNmi),
    bus.onCall(callAddress(name, 'setPassword'), setPassword),
    bus.onCall(callAddress(name, 'controlSending'), controlSending),
    bus.onCall(callAddress(name, 'consoleLog'), consoleLog),
    bus.onCall(callAddress(name, 'vncSocket'), vncSocket),
  ];
}
