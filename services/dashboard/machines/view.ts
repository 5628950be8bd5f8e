/** A server of compute, as the page shows it. */

export interface ServerBody {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly 'OS-EXT-STS:task_state': string | null;
  readonly created: string;
  readonly addresses: Readonly<
    Record<string, readonly { readonly addr: string; readonly 'OS-EXT-IPS:type': string }[]>
  >;
  readonly flavor: {
    readonly vcpus: number;
    readonly ram: number;
    readonly disk: number;
    readonly original_name: string;
  };
  readonly image: { readonly id: string } | '';
  readonly fault?: { readonly message: string };
}

export type State =
  | 'creating'
  | 'running'
  | 'stopped'
  | 'starting'
  | 'stopping'
  | 'restarting'
  | 'paused'
  | 'suspended'
  | 'stored'
  | 'resizing'
  | 'resized'
  | 'rescued'
  | 'changing'
  | 'deleting'
  | 'failed'
  | 'unreachable';

export type Verb =
  | 'start'
  | 'stop'
  | 'restart'
  | 'screen'
  | 'access'
  | 'template'
  | 'resize'
  | 'keep'
  | 'revert'
  | 'delete';

export interface Machine {
  readonly id: string;
  readonly name: string;
  readonly state: State;
  /** The name of the step that is being done, while the machine is created. */
  readonly step: string | null;
  /** Why it failed, in the words of the service. */
  readonly reason: string | null;
  readonly addresses: readonly { readonly address: string; readonly public: boolean }[];
  readonly size: { readonly name: string; readonly cores: number; readonly ram_mb: number; readonly disk_gb: number };
  readonly template: string | null;
  readonly created_at: string;
  /** What can be done in this state. */
  readonly verbs: readonly Verb[];
}

const states: ReadonlyMap<string, State> = new Map([
  ['BUILD', 'creating'],
  ['ACTIVE', 'running'],
  ['SHUTOFF', 'stopped'],
  ['ERROR', 'failed'],
  ['PAUSED', 'paused'],
  ['SUSPENDED', 'suspended'],
  ['SHELVED', 'stored'],
  ['SHELVED_OFFLOADED', 'stored'],
  ['RESIZE', 'resizing'],
  ['VERIFY_RESIZE', 'resized'],
  ['RESCUE', 'rescued'],
  ['REBOOT', 'restarting'],
  ['HARD_REBOOT', 'restarting'],
  ['SOFT_DELETED', 'deleting'],
  ['UNKNOWN', 'unreachable'],
]);

const tasks: ReadonlyMap<string, State> = new Map([
  ['powering-on', 'starting'],
  ['powering-off', 'stopping'],
  ['rebooting', 'restarting'],
  ['rebooting_hard', 'restarting'],
  ['deleting', 'deleting'],
  ['resuming', 'starting'],
]);

const verbs: ReadonlyMap<State, readonly Verb[]> = new Map([
  ['running', ['stop', 'restart', 'screen', 'access', 'template', 'resize', 'delete']],
  ['stopped', ['start', 'access', 'template', 'resize', 'delete']],
  ['suspended', ['start', 'delete']],
  ['paused', ['start', 'screen', 'delete']],
  ['stored', ['start', 'delete']],
  ['resized', ['keep', 'revert', 'delete']],
  ['creating', ['delete']],
  ['failed', ['delete']],
  ['unreachable', ['delete']],
  ['rescued', ['screen', 'delete']],
]);

/** A task that this page has no word for is still a change under way. */
export function stateOf({ status, 'OS-EXT-STS:task_state': task }: ServerBody): State {
  const state = states.get(status) ?? 'changing';
  if (task === null || state === 'creating') return state;
  return tasks.get(task) ?? (status === 'ERROR' ? state : 'changing');
}

/** What compute is asked to do for `start`, which depends on how the machine was stopped. */
export const startAction: ReadonlyMap<State, string> = new Map([
  ['stopped', 'os-start'],
  ['suspended', 'resume'],
  ['paused', 'unpause'],
  ['stored', 'unshelve'],
]);

export function machineView(server: ServerBody, step: string | null): Machine {
  const state = stateOf(server);
  const { id, name, created, flavor, image, fault } = server;
  const addresses = Object.values(server.addresses).flat();
  return {
    id,
    name,
    state,
    step: state === 'creating' ? step : null,
    reason: state === 'failed' ? (fault?.message ?? null) : null,
    addresses: addresses.map((each) => ({ address: each.addr, public: each['OS-EXT-IPS:type'] === 'floating' })),
    size: { name: flavor.original_name, cores: flavor.vcpus, ram_mb: flavor.ram, disk_gb: flavor.disk },
    template: image === '' ? null : image.id,
    created_at: created,
    verbs: verbs.get(state) ?? [],
  };
}
