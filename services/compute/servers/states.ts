import type { GuestPower } from '#shared/contracts/compute-agent.ts';
import { conflict } from '#shared/errors/fault.ts';
import type { Transition } from '#shared/states/owned.ts';

export type VmState =
  | 'building'
  | 'active'
  | 'paused'
  | 'suspended'
  | 'stopped'
  | 'rescued'
  | 'resized'
  | 'shelved'
  | 'shelved_offloaded'
  | 'soft-delete'
  | 'error'
  | 'deleted';
export type TaskState =
  | 'scheduling'
  | 'networking'
  | 'block_device_mapping'
  | 'spawning'
  | 'powering-on'
  | 'powering-off'
  | 'rebooting'
  | 'rebooting_hard'
  | 'pausing'
  | 'unpausing'
  | 'suspending'
  | 'resuming'
  | 'image_snapshot_pending'
  | 'image_uploading'
  | 'image_backup'
  | 'rebuilding'
  | 'rebuild_block_device_mapping'
  | 'rebuild_spawning'
  | 'rescuing'
  | 'unrescuing'
  | 'shelving'
  | 'shelving_image_uploading'
  | 'shelving_offloading'
  | 'unshelving'
  | 'resize_prep'
  | 'resize_migrating'
  | 'resize_migrated'
  | 'resize_finish'
  | 'resize_confirming'
  | 'resize_reverting'
  | 'migrating'
  | 'updating_password'
  | 'soft-deleting'
  | 'restoring'
  | 'deleting';
export type PowerState = 'running' | 'paused' | 'shutdown' | 'crashed';

export interface States {
  readonly vmState: VmState;
  readonly taskState: TaskState | null;
}

/** From which states a request may acquire a server, and its states meanwhile. */
export interface ServerTransition extends Transition<States> {
  /** The action in refusals, and of the instance action: Nova's name of its method. */
  readonly name: string;
}

/** No host has the server. */
export const notReady = (serverId: string) => conflict(`Instance ${serverId} is not ready`);

const stableStatus: Readonly<Record<VmState, string>> = {
  building: 'BUILD',
  active: 'ACTIVE',
  paused: 'PAUSED',
  suspended: 'SUSPENDED',
  stopped: 'SHUTOFF',
  rescued: 'RESCUE',
  resized: 'VERIFY_RESIZE',
  shelved: 'SHELVED',
  shelved_offloaded: 'SHELVED_OFFLOADED',
  'soft-delete': 'SOFT_DELETED',
  error: 'ERROR',
  deleted: 'DELETED',
};

export const liveStates = (Object.keys(stableStatus) as VmState[]).filter((state) => state !== 'deleted');

type Work = readonly [vmStates: readonly VmState[], taskStates: readonly TaskState[], status: string];

/** Statuses of servers that a task changes; every other one has that of its vm_state. */
const transientStatus: readonly Work[] = [
  [['active'], ['rebooting'], 'REBOOT'],
  [['active'], ['rebooting_hard'], 'HARD_REBOOT'],
  [['active'], ['updating_password'], 'PASSWORD'],
  [['active', 'stopped', 'error'], ['rebuilding', 'rebuild_block_device_mapping', 'rebuild_spawning'], 'REBUILD'],
  [['active', 'stopped'], ['resize_prep', 'resize_migrating', 'resize_migrated', 'resize_finish'], 'RESIZE'],
  [['resized'], ['resize_reverting'], 'REVERT_RESIZE'],
  [['active', 'paused'], ['migrating'], 'MIGRATING'],
];

/** `status` of the API, derived from vm_state and task_state. */
export const statusOf = ({ vmState, taskState }: States): string =>
  transientStatus.find(([vm, task]) => taskState !== null && vm.includes(vmState) && task.includes(taskState))?.[2] ??
  stableStatus[vmState];

/** The states of a status filter; undefined for an invalid status. */
export function statesOf(status: string): readonly { vmState: VmState; taskState?: TaskState }[] | undefined {
  const wanted = status.toUpperCase();
  const transient = transientStatus.find(([, , each]) => each === wanted);
  if (transient) {
    const [vmStates, taskStates] = transient;
    return vmStates.flatMap((vmState) => taskStates.map((taskState) => ({ vmState, taskState })));
  }
  const plain = Object.entries(stableStatus).filter(([, each]) => each === wanted);
  if (plain.length > 0) return plain.map(([vmState]) => ({ vmState: vmState as VmState }));
  return wanted === 'UNKNOWN' ? [] : undefined;
}

/** The numbers of the API. */
const powerNumbers: Readonly<Record<PowerState, number>> = { running: 1, paused: 3, shutdown: 4, crashed: 6 };
export const powerNumber = (power: PowerState | null): number => (power === null ? 0 : powerNumbers[power]);
/** The power states of a number; none for an unknown one. */
export const powerStatesOf = (number: number): readonly (PowerState | null)[] =>
  ([null, ...Object.keys(powerNumbers)] as (PowerState | null)[]).filter((power) => powerNumber(power) === number);

/** The row states of a guest's power state. */
export const rowOfGuest = {
  on: { vmState: 'active', powerState: 'running' },
  paused: { vmState: 'paused', powerState: 'paused' },
  suspended: { vmState: 'suspended', powerState: 'shutdown' },
  off: { vmState: 'stopped', powerState: 'shutdown' },
  crashed: { vmState: 'stopped', powerState: 'crashed' },
} as const;

/** The states that a guest may change by itself, when it powers off: the others belong to requests. */
export const followsGuest = (vmState: VmState): boolean =>
  Object.values(rowOfGuest).some((row) => row.vmState === vmState);

const stablePower: Readonly<Record<VmState, GuestPower>> = {
  building: 'on',
  active: 'on',
  paused: 'paused',
  suspended: 'suspended',
  stopped: 'off',
  rescued: 'on',
  resized: 'on',
  shelved: 'off',
  shelved_offloaded: 'off',
  'soft-delete': 'off',
  error: 'off',
  deleted: 'off',
};

/** The power state during a task, where it is not that of the vm_state. */
const taskPower: Readonly<Partial<Record<TaskState, GuestPower>>> = {
  'powering-on': 'on',
  rebooting_hard: 'on',
  unpausing: 'on',
  resuming: 'on',
  restoring: 'on',
  rescuing: 'on',
  unrescuing: 'on',
  'powering-off': 'off',
  'soft-deleting': 'off',
  shelving: 'off',
  shelving_image_uploading: 'off',
  shelving_offloading: 'off',
  pausing: 'paused',
  suspending: 'suspended',
};

type HasPower = Pick<States, 'vmState'> & { readonly powerState: PowerState | null };

/** The power state of a guest that no task changes. One in ERROR, or resized while it was off, keeps what it has. */
export function powerOf({ vmState, powerState }: HasPower): GuestPower {
  if (vmState === 'error') return powerState === 'running' ? 'on' : 'off';
  if (vmState === 'resized' && powerState === 'shutdown') return 'off';
  return stablePower[vmState];
}

/** The desired power state of the guest. */
export const wantedPower = (server: States & HasPower): GuestPower =>
  (server.taskState === null ? undefined : taskPower[server.taskState]) ?? powerOf(server);
