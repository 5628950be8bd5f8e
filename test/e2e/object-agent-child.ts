/** One object agent in a process of its own, over HTTP. Arguments: its folder, and its settings as JSON. */
import { start } from '../../services/object-agent/service.ts';
import { runtimeOf } from './object-cloud.ts';

const [folder = '', words = '{}'] = process.argv.slice(2);
const { agent, ring } = JSON.parse(words);
await start(runtimeOf(folder, agent, ring, { cloud: { var: folder, bus: 'amqp://not-asked' } }));
process.stdout.write('ready\n');
