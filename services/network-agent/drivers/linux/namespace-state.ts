/** The configuration inside a namespace as text, to detect changes by other programs. */
import { listLinks, netnsExec, runProgram } from './commands.ts';

/** Links with their addresses, static routes, and rules. Routes that the kernel adds are left out: they come and go. */
export async function namespaceState(namespace: string): Promise<string> {
  const [links, rules, ...routes] = await Promise.all([
    listLinks(namespace),
    runProgram([...netnsExec(namespace), 'nft', 'list', 'ruleset']),
    ...['-4', '-6'].map((family) => runProgram(['ip', '-n', namespace, family, '-j', 'route', 'show'])),
  ]);
  return JSON.stringify([
    [...links.values()].map(({ name, mac, mtu, up, addresses }) => ({ name, mac, mtu, up, addresses })),
    rules.stdout,
    routes.map(({ stdout }) => (JSON.parse(stdout || '[]') as Route[]).filter(isConfigured).map(routeOf)),
  ]);
}

interface Route {
  readonly dst: string;
  readonly gateway?: string;
  readonly dev?: string;
  readonly protocol?: string;
}

const isConfigured = ({ protocol }: Route) => protocol === 'static' || protocol === 'boot';
const routeOf = ({ dst, gateway, dev }: Route) => ({ dst, gateway, dev });
