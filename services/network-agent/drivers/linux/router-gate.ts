/**
 * Lets the interfaces of routers send only while this host holds the lease of its routers, also when the agent is paused, killed
 * or cut off: the kernel closes the gate, not the agent.
 *
 * - **key**: a number that no two requests for the lease share.
 * - **armed**: a key that the kernel knows. It forgets the key after the time of the lease. A key is armed once, and before the
 *   lease is requested with it: so it is forgotten before the service counts the lease as expired.
 * - **granted**: the interfaces that may send while their key is armed. A program that was paused between the grant and this
 *   entry enters a key that is no longer armed, which opens nothing.
 *
 * The table is separate from the firewall's, so that reloading the rules opens nothing.
 */

import type { Log } from '#shared/log/log.ts';
import { tryRun } from '#shared/process/run.ts';
import type { AllRecords } from '../records.ts';
import type { RouterGateway } from '../router-lease.ts';
import { loadNft } from './commands.ts';
import type { Names } from './names.ts';
import { announceInterfaces, routerInterfaces } from './router.ts';

/** The key that is armed for ever: for a host whose routers no other host can take. */
export const lastingKey = 1;
/** Keys of timed leases are larger. */
export const firstKey = 2;

/** Before the rules of the firewall, which see the frames that pass. */
const rulesOf = ({ gateTable: table, routerVeths }: Names) => `
table bridge ${table} {
  set armed { type mark; flags timeout; }
  set lasting { type mark; elements = { ${lastingKey} }; }
  map granted { type ifname : mark; }
  chain prerouting { type filter hook prerouting priority -310; policy accept; }
  chain gate { }
}
flush chain bridge ${table} prerouting
flush chain bridge ${table} gate
table bridge ${table} {
  chain gate {
    meta mark set 0
    meta mark set iifname map @granted
    meta mark != @armed meta mark != @lasting drop
    meta mark set 0
  }
  chain prerouting { iifname "${routerVeths}*" jump gate; }
}
`;

export interface Gateway extends RouterGateway {
  /** Loads the rules again if another program removed them. */
  heal(): Promise<void>;
  close(): Promise<void>;
}

/** Call before the first interface of a router exists. What is granted stays so. */
export async function openGateway(names: Names, records: AllRecords, log: Log): Promise<Gateway> {
  const { gateTable: table } = names;
  const announcer = openAnnouncer(names, records, log);
  let granted = { links: new Set<string>(), key: 0 };
  await loadNft(rulesOf(names));

  const load = (text: string) =>
    loadNft(text).catch(async () => {
      await loadNft(`${rulesOf(names)}${text}`); // the table was removed
      granted = { links: new Set(), key: 0 };
    });
  const open = async (routerIds: ReadonlySet<string>, key: number) => {
    const links = new Set(linksOf(names, records, routerIds));
    const added = new Set([...links].filter((link) => !granted.links.has(link)));
    if (key === granted.key && key === lastingKey && added.size === 0 && links.size === granted.links.size) return;
    const entries = [...links].map((link) => `"${link}" : ${key}`).join(', ');
    const add = entries === '' ? '' : `add element bridge ${table} granted { ${entries} }\n`;
    await load(`flush map bridge ${table} granted\n${add}`);
    granted = { links, key };
    announcer.announce(added);
  };
  return {
    arm: (key, ms) => load(`add element bridge ${table} armed { ${key} timeout ${Math.floor(ms)}ms }\n`),
    open,
    heal: async () => {
      if (!(await isComplete(names))) await loadNft(rulesOf(names));
    },
    close: announcer.close,
  };
}

const linksOf = (names: Names, records: AllRecords, routerIds: ReadonlySet<string>): string[] =>
  records.router
    .list()
    .filter(({ id }) => routerIds.has(id))
    .flatMap(routerInterfaces)
    .map(({ portId }) => names.routerVeth(portId));

async function isComplete({ gateTable, routerVeths }: Names): Promise<boolean> {
  const { stdout } = await tryRun(['nft', '-t', 'list', 'table', 'bridge', gateTable]);
  return stdout.includes(`"${routerVeths}*" jump gate`) && stdout.includes('!= @armed');
}

/** Switches may learn late where a router is now: the other hosts first need its host among their peers. */
const announceAfterMs = [0, 500, 1_500, 4_000];

function openAnnouncer(names: Names, records: AllRecords, log: Log) {
  const timers = new Set<NodeJS.Timeout>();
  const send = async (links: ReadonlySet<string>) => {
    for (const spec of records.router.list()) await announceInterfaces(names, spec, links);
  };
  const announce = (links: ReadonlySet<string>) => {
    if (links.size === 0) return;
    for (const ms of announceAfterMs) {
      const timer = setTimeout(() => {
        timers.delete(timer);
        send(links).catch((error: unknown) => log.warn({ error }, 'the addresses of a router could not be announced'));
      }, ms).unref();
      timers.add(timer);
    }
  };
  const close = async () => {
    for (const timer of timers) clearTimeout(timer);
  };
  return { announce, close };
}

export const deleteGateText = ({ gateTable: table }: Names): string =>
  `table bridge ${table}\ndelete table bridge ${table}\n`;
