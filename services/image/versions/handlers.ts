import type { Call, Handler } from '#shared/http/route.ts';
import type { Images } from '../context.ts';

const newest = 'v2.15';
const older = [13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0].map((minor) => `v2.${minor}`);

const versionsOf = ({ base }: Pick<Call, 'base'>) => ({
  versions: [newest, ...older].map((id) => ({
    id,
    status: id === newest ? 'CURRENT' : 'SUPPORTED',
    links: [{ rel: 'self', href: `${base}/v2/` }],
  })),
});

/** The root responds with 300 Multiple Choices. */
export const listVersionsAtRoot: Handler<Images> = async (_images, call) => ({ status: 300, body: versionsOf(call) });
export const listVersions: Handler<Images> = async (_images, call) => ({ status: 200, body: versionsOf(call) });
