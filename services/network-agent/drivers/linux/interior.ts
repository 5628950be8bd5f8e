/** What stands inside a namespace, as one text: another text means that somebody changed it. */
import { call, inside, listLinks } from './commands.ts';

/** Links with their addresses, routes, and rules. What the kernel adds by itself is left out, as it comes when it likes. */
export async function interiorOf(space: string): Promise<string> {
  const [links, rules, ...routes] = await Promise.all([
    listLinks(space),
    call([...inside(space), 'nft', 'list', 'ruleset']),
    ...['-4', '-6'].map((family) => call(['ip', '-n', space, family, '-j', 'route', 'show'])),
  ]);
  return JSON.stringify([
    [...links.values()].map(({ name, mac, mtu, up, addresses }) => ({ name, mac, mtu, up, addresses })),
    rules.stdout,
    routes.map(({ stdout }) => (JSON.parse(stdout || '[]') as Route[]).filter(isOurs).map(bare)),
  ]);
}

interface Route {
  readonly dst: string;
  readonly gateway?: string;
  readonly dev?: string;
  readonly protocol?: string;
}

const isOurs = ({ protocol }: Route) => protocol === 'static' || protocol === 'boot';
const bare = ({ dst, gateway, dev }: Route) => ({ dst, gateway, dev });
