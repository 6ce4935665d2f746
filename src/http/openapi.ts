/** How the OpenAPI 3.1 document is made from the schemas of the routes. */
import type { SwaggerOptions } from '@fastify/swagger';

export const OPENAPI: SwaggerOptions = {
  openapi: {
    openapi: '3.1.0',
    info: {
      title: 'Weft',
      version: '1',
      description:
        'Events in, shoppers and decisions out. Changes are additive within /v1: ignore fields ' +
        'you do not know. Money is in currency units, moments are ISO 8601.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    tags: [
      { name: 'events', description: 'What shoppers did' },
      { name: 'profiles', description: 'Who they are' },
      { name: 'actions', description: 'What was decided for them' },
      { name: 'sql', description: 'Analysis' },
      { name: 'operations', description: 'Health and metrics' },
    ],
  },
  refResolver: {
    buildLocalReference: (schema, _base, _fragment, place) =>
      typeof schema['$id'] === 'string' ? schema['$id'] : `Schema${place}`,
  },
};
