import { own } from '#shared/input/own.ts';
import type { Transition } from '#shared/states/owned.ts';

export type VmState = 'building' | 'active' | 'paused' | 'stopped' | 'error' | 'deleted';
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
  | 'image_snapshot_pending'
  | 'image_uploading'
  | 'deleting';
export type PowerState = 'running' | 'paused' | 'shutdown' | 'crashed';

export interface States {
  readonly vmState: VmState;
  readonly taskState: TaskState | null;
}

export const liveStates: readonly VmState[] = ['building', 'active', 'paused', 'stopped', 'error'];

/** From which states a request may acquire a server, and its states meanwhile. */
export interface ServerTransition extends Transition<States> {
  /** The action in refusals, and of the instance action: Nova's name of its method. */
  readonly name: string;
}

const stableStatus: Readonly<Record<VmState, string>> = {
  building: 'BUILD',
  active: 'ACTIVE',
  paused: 'PAUSED',
  stopped: 'SHUTOFF',
  error: 'ERROR',
  deleted: 'DELETED',
};
const transientStatus: Readonly<Record<string, string>> = {
  'active rebooting': 'REBOOT',
  'active rebooting_hard': 'HARD_REBOOT',
};

/** `status` of the API, derived from vm_state and task_state. */
export const statusOf = ({ vmState, taskState }: States): string =>
  own(transientStatus, `${vmState} ${taskState}`) ?? stableStatus[vmState];

/** The states of a status filter; undefined for an invalid status. */
export function statesOf(status: string): readonly { vmState: VmState; taskState?: TaskState }[] | undefined {
  const wanted = status.toUpperCase();
  const transient = Object.entries(transientStatus).find(([, each]) => each === wanted)?.[0];
  if (transient) {
    const [vmState, taskState] = transient.split(' ') as [VmState, TaskState];
    return [{ vmState, taskState }];
  }
  const plain = Object.entries(stableStatus).filter(([, each]) => each === wanted);
  if (plain.length > 0) return plain.map(([vmState]) => ({ vmState: vmState as VmState }));
  return unsupportedStatuses.has(wanted) ? [] : undefined;
}

/** Valid statuses of Nova that servers here never have. */
const unsupportedStatuses = new Set(
  'SUSPENDED RESIZE VERIFY_RESIZE REVERT_RESIZE MIGRATING PASSWORD REBUILD RESCUE SHELVED SHELVED_OFFLOADED SOFT_DELETED UNKNOWN'.split(
    ' ',
  ),
);

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
  off: { vmState: 'stopped', powerState: 'shutdown' },
  crashed: { vmState: 'stopped', powerState: 'crashed' },
} as const;

/** The desired power state of the guest. */
export function wantedPower(server: States & { readonly powerState: PowerState | null }): 'on' | 'off' | 'paused' {
  const { vmState, taskState, powerState } = server;
  if (taskState === 'powering-on' || taskState === 'rebooting_hard' || taskState === 'unpausing') return 'on';
  if (taskState === 'powering-off') return 'off';
  if (vmState === 'paused' || taskState === 'pausing') return 'paused';
  if (vmState === 'active' || vmState === 'building') return 'on';
  return vmState === 'error' && powerState === 'running' ? 'on' : 'off';
}
