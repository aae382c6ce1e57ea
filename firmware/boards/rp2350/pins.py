"""Which pin does what on an RP2350: the only place that knows the wiring of a Raspberry Pi Pico 2 W.

Its 26 free pins are all in use. None stands for what the chip has no UART left for: it has two, so it makes a counter
scale or a terminal, not a rail scale or a handheld, which need three.
"""

PRINTER_UART = (0, 0, 1)  # (UART number, TX, RX)
CARD_UART = (1, 4, 5)
MODULE_UART = (1, 4, 5)  # a sealed weighing module, in place of the HX711 and of a card reader on a UART

DISPLAY_I2C = (1, 3, 2)  # (bus, SCL, SDA)

KEY_ROWS = (6, 7, 8, 9)
KEY_COLUMNS = (10, 11, 12, 13, 14)

LOAD_CELL_DATA = 15
LOAD_CELL_CLOCK = 16

LAMPS = {"stable": 17, "zero": 18, "net": 19, "link": 20, "pending": 21, "alarm": 22}

BEEPER = 26
CASE_SWITCH = 27  # to ground while the case is closed
SEAL_SWITCH = 28  # to ground while parameters may be changed

TAG_UART = None
GNSS_UART = None
SCANNER_UART = None
CAMERA_UART = None
BATTERY_ADC = None  # (pin, divider); the three analogue pins are taken
BATTERY_MV = (5700, 6500)  # empty and full: a 6 V lead-acid battery under the load of a scale
