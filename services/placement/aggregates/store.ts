import { providerNames } from '../names/store.ts';

export const providerAggregates = providerNames('provider_aggregates', 'aggregateUuid');
