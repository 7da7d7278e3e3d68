/* Constant tables stay in flash on the AVR, where a plain const would take RAM. */
#ifndef OUTRIDER_TABLE_H
#define OUTRIDER_TABLE_H

#ifdef __AVR__
#include <avr/pgmspace.h>
#define TABLE PROGMEM
#define TABLE_U8(address) pgm_read_byte(address)
#define TABLE_U16(address) pgm_read_word(address)
#define TABLE_U32(address) pgm_read_dword(address)
#define TABLE_POINTER(address) ((const void *)pgm_read_word(address))
#else
#define TABLE
#define TABLE_U8(address) (*(address))
#define TABLE_U16(address) (*(address))
#define TABLE_U32(address) (*(address))
#define TABLE_POINTER(address) ((const void *)*(address))
#endif

#endif
