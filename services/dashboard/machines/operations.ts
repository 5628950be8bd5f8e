import { conflict } from '#shared/errors/fault.ts';
import type { Session } from '../sessions/operations.ts';
import { type Machine, machineView, type ServerBody, startAction, stateOf, type Verb } from './view.ts';

const mostMachines = 1000;

/** The machines of the project, newest first. */
export async function listMachines(session: Session): Promise<Machine[]> {
  const servers: ServerBody[] = [];
  for (let marker = ''; servers.length < mostMachines; ) {
    const path = `/servers/detail?limit=200${marker === '' ? '' : `&marker=${marker}`}`;
    const page = (await session.json<{ servers: ServerBody[] }>('compute', path)).servers;
    servers.push(...page);
    marker = page.at(-1)?.id ?? '';
    if (page.length < 200) break;
  }
  return Promise.all(servers.map((server) => shown(session, server)));
}

async function shown(session: Session, server: ServerBody): Promise<Machine> {
  return machineView(server, stateOf(server) === 'creating' ? await stepOf(session, server.id) : null);
}

const getServer = async (session: Session, id: string): Promise<ServerBody> =>
  (await session.json<{ server: ServerBody }>('compute', `/servers/${id}`)).server;

interface ActionBody {
  readonly events: readonly { readonly event: string; readonly finish_time: string | null }[];
}

/** The last step of the creation that was begun, null when none is known. */
async function stepOf(session: Session, id: string): Promise<string | null> {
  const path = `/servers/${id}/os-instance-actions`;
  try {
    const { instanceActions } = await session.json<{ instanceActions: { request_id: string }[] }>('compute', path);
    const first = instanceActions.at(-1);
    if (!first) return null;
    const one = await session.json<{ instanceAction: ActionBody }>('compute', `${path}/${first.request_id}`);
    const [last] = one.instanceAction.events;
    return last?.event ?? null;
  } catch {
    return null; // the machine is shown without its step
  }
}

export interface NewMachine {
  readonly name: string;
  readonly template: string;
  readonly size: string;
  readonly key?: string | null;
  readonly network?: string | null;
}

export async function createMachine(session: Session, input: NewMachine, network: string): Promise<Machine> {
  const { name, template, size, key } = input;
  const body = {
    server: {
      name,
      imageRef: template,
      flavorRef: size,
      networks: [{ uuid: network }],
      ...(key ? { key_name: key } : {}),
    },
  };
  const { server } = await session.json<{ server: { id: string } }>('compute', '/servers', { method: 'POST', body });
  return shown(session, await getServer(session, server.id));
}

const actions = {
  stop: () => ({ 'os-stop': null }),
  restart: () => ({ reboot: { type: 'SOFT' } }),
  keep: () => ({ confirmResize: null }),
  revert: () => ({ revertResize: null }),
  start: (server: ServerBody) => {
    const name = startAction.get(stateOf(server));
    if (name === undefined) throw conflict(`The machine cannot be started while it is ${stateOf(server)}.`);
    return { [name]: null };
  },
} satisfies Partial<Record<Verb, (server: ServerBody) => object>>;

export type Action = keyof typeof actions;

export async function changeMachine(session: Session, id: string, action: Action): Promise<Machine> {
  return act(session, id, actions[action](await getServer(session, id)));
}

async function act(session: Session, id: string, body: object): Promise<Machine> {
  await session.json('compute', `/servers/${id}/action`, { method: 'POST', body });
  return shown(session, await getServer(session, id));
}

/** The machine restarts with the new size, and waits for `keep` or `revert`. */
export const resizeMachine = (session: Session, id: string, size: string): Promise<Machine> =>
  act(session, id, { resize: { flavorRef: size } });

/** A copy of its disk becomes a template, while the machine goes on. */
export const makeTemplate = (session: Session, id: string, name: string): Promise<Machine> =>
  act(session, id, { createImage: { name } });

export const deleteMachine = (session: Session, id: string): Promise<void> =>
  session.json('compute', `/servers/${id}`, { method: 'DELETE' });

/** The URL of the console, with a token for one connection. */
export async function consoleOf(session: Session, id: string): Promise<URL> {
  const body = { remote_console: { protocol: 'vnc', type: 'novnc' } };
  const path = `/servers/${id}/remote-consoles`;
  const { remote_console: console } = await session.json<{ remote_console: { url: string } }>('compute', path, {
    method: 'POST',
    body,
  });
  return new URL(console.url);
}
