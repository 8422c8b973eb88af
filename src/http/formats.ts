import { ApiProperty } from '@nestjs/swagger';

// What the document cannot learn from the TypeScript type of a property.

/** An integer. */
export const WholeNumber = (minimum = 0): PropertyDecorator => ApiProperty({ type: 'integer', minimum });

/** A string in a format of JSON Schema. */
export const Format = (format: 'uuid' | 'email' | 'date-time'): PropertyDecorator => ApiProperty({ format });
